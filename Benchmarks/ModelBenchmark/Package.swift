// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that users and CI do not build it.
let package = Package(
  name: "model-benchmark",
  dependencies: [.package(name: "strata", path: "../..")],
  targets: [
    .target(name: "BenchmarkSide", dependencies: [.product(name: "Strata", package: "strata")])
  ]
    + ["forward-benchmark", "attribution-benchmark"].map {
      .executableTarget(
        name: $0, dependencies: ["BenchmarkSide", .product(name: "Strata", package: "strata")])
    },
  swiftLanguageModes: [.v6]
)
