// swift-tools-version: 6.2
import PackageDescription

// Fuzzing has a package of its own, so that ordinary builds do not compile it: see scripts/fuzz.sh.
let package = Package(
  name: "fuzz",
  dependencies: [.package(name: "strata", path: "..")],
  targets: [
    .target(name: "CFuzzer"),
    .executableTarget(
      name: "fuzz", dependencies: ["CFuzzer", .product(name: "StrataReaders", package: "strata")]),
  ],
  swiftLanguageModes: [.v6]
)
