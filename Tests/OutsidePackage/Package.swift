// swift-tools-version: 6.2
// A package of somebody else's that depends on Strata by path: what it imports is all that it can see.
import PackageDescription

let package = Package(
  name: "FirstStudy",
  dependencies: [.package(name: "strata", path: "../..")],
  targets: [
    .executableTarget(name: "FirstStudy", dependencies: [.product(name: "Strata", package: "strata")]),
    .testTarget(
      name: "FirstStudyTests",
      dependencies: [
        "FirstStudy", .product(name: "Strata", package: "strata"),
        .product(name: "StrataTesting", package: "strata"),
      ]),
  ]
)
