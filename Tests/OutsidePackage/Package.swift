// swift-tools-version: 6.2
// A package of somebody else's that depends on Strata by path: what it imports is all that it can see.
import PackageDescription

let package = Package(
  name: "OutsidePackage",
  dependencies: [.package(name: "strata", path: "../..")],
  targets: [
    .testTarget(name: "FirstStudyTests", dependencies: [.product(name: "Strata", package: "strata")])
  ]
)
