// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that users and CI do not build it.
let package = Package(
  name: "attribution-benchmark",
  dependencies: [.package(name: "strata", path: "../..")],
  targets: [
    .executableTarget(
      name: "attribution-benchmark", dependencies: [.product(name: "Strata", package: "strata")])
  ],
  swiftLanguageModes: [.v6]
)
