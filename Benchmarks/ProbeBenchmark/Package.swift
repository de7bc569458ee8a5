// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that users and CI do not build it.
let package = Package(
  name: "probe-benchmark",
  dependencies: [.package(name: "strata", path: "../..")],
  targets: ["probe-benchmark", "path-benchmark", "coverage-simulation"].map {
    .executableTarget(name: $0, dependencies: [.product(name: "Strata", package: "strata")])
  },
  swiftLanguageModes: [.v6]
)
