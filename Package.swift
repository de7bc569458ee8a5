// swift-tools-version: 6.2
import PackageDescription

/// The folders of data that modules' tests have; they are read by path, not bundled.
let testData = [
  "Activations": "Resources", "Attribution": "Resources", "Interventions": "Resources",
  "Audio": "Resources", "Checkpoints": "Resources", "FineTuning": "Resources", "HDF5": "Resources",
  "Foundations": "Resources", "Models": "Resources",
  "Probing": "Resources",
  "Reports": "Golden", "Similarity": "Resources", "Strata": "Resources", "Corpora": "Resources",
]

/// A module is one line; its tests come with it.
func module(
  _ name: String, _ needs: [Target.Dependency] = [], tests testNeeds: [Target.Dependency] = [],
  resources: [Resource]? = nil
) -> [Target] {
  [
    .target(name: name, dependencies: needs, resources: resources),
    .testTarget(
      name: name + "Tests",
      dependencies: [.byName(name: name), "StrataTestSupport"] + testNeeds,
      exclude: testData[name].map { [$0] } ?? [], swiftSettings: testSettings),
  ]
}

/// Tests wait for what they test, not for themselves: optimising them is a third of a release build's time and saves none.
let testSettings: [SwiftSetting] = [.unsafeFlags(["-Onone"], .when(configuration: .release))]

func system(_ name: String, _ pkgConfig: String, apt: String) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

/// `STRATA_MODULES=Models,Audio swift test` builds and tests these modules, with what they need and nothing else.
let chosen = Context.environment["STRATA_MODULES"].map {
  $0.split(separator: ",").map(String.init)
}

/// The commit, where a release is built: `STRATA_COMMIT=$(git rev-parse --short=12 HEAD) swift build`.
let commit = Context.environment["STRATA_COMMIT"].flatMap { text in
  !text.isEmpty && text.allSatisfy(\.isHexDigit) ? text : nil
}

func names(_ dependency: Target.Dependency) -> [String] {
  switch dependency {
  case .targetItem(let name, _), .byNameItem(let name, _): [name]
  default: []
  }
}

/// The targets of the chosen modules, their tests, and all that these need.
func only(_ chosen: [String]?, of targets: [Target]) -> [Target] {
  guard let chosen else { return targets }
  var kept = Set<String>()
  var open = chosen.flatMap { [$0, $0 + "Tests"] }
  while let name = open.popLast() {
    guard kept.insert(name).inserted, let target = targets.first(where: { $0.name == name }) else {
      continue
    }
    open += target.dependencies.flatMap(names)
  }
  return targets.filter { kept.contains($0.name) }
}

let package = Package(
  name: "strata",
  products: chosen != nil
    ? []
    : [
      .library(name: "Strata", targets: ["Strata"]),
      // For the tests of packages that use it: planted structure, tolerances, questions to a study.
      .library(name: "StrataTesting", targets: ["StrataTesting"]),
      // What reads files, alone: for fuzzing, and for programs that want nothing else.
      .library(
        name: "StrataReaders",
        targets: ["Audio", "Checkpoints", "Corpora", "HDF5", "Models", "Activations"]),
      .executable(name: "probe-layers", targets: ["probe-layers"]),
    ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
  ],
  targets: only(
    chosen,
    of: [
      system("COpenBLAS", "openblas", apt: "libopenblas-dev"),
      system("CLAPACKE", "lapacke", apt: "liblapacke-dev"),
      system("CSndFile", "sndfile", apt: "libsndfile1-dev"),
      system("CMPG123", "libmpg123", apt: "libmpg123-dev"),
      system("CSoxr", "soxr", apt: "libsoxr-dev"),
      system("CZip", "libzip", apt: "libzip-dev"),
      system("CPNG", "libpng", apt: "libpng-dev"),
      system("CXXHash", "libxxhash", apt: "libxxhash-dev"),
      system("CPCRE2", "libpcre2-8", apt: "libpcre2-dev"),
      system("CXML2", "libxml-2.0", apt: "libxml2-dev"),
      system("CHDF5", "hdf5", apt: "libhdf5-dev"),
      .target(name: "CKernels"),
      .target(name: "CFaults"),
      .target(
        name: "CRelease", cSettings: commit.map { [.define("STRATA_COMMIT", to: "\"\($0)\"")] }),
      .target(name: "StrataTestSupport", dependencies: ["Tensors"], path: "Tests/StrataTestSupport"),
    ]
      + module("Foundations", ["CPCRE2"])
      + module("Files", ["Foundations", "CXXHash"])
      + module("Corpora", ["Foundations", "CXML2", "Yams"], tests: ["Foundations"])
      + module("Results", ["Corpora"])
      + module("Tensors", ["COpenBLAS", "CKernels"], tests: ["Foundations"])
      + module("LinearAlgebra", ["Foundations", "Tensors", "CLAPACKE"], tests: ["Foundations", "Tensors"])
      + module("Audio", ["Foundations", "Tensors", "CSndFile", "CMPG123", "CSoxr"], tests: ["Tensors"])
      + module(
        "Checkpoints",
        [
          "Foundations", "Files", "Tensors", "CZip", "Yams",
          .product(name: "OrderedCollections", package: "swift-collections"),
        ], tests: ["Foundations", "Files", "Tensors"])
      + module("HDF5", ["Foundations", "Files", "Tensors", "CHDF5"], tests: ["Foundations", "Tensors"])
      + module(
        "Models",
        [
          "Foundations", "Tensors", "Audio", "Checkpoints", "Yams",
          .product(name: "HeapModule", package: "swift-collections"),
        ],
        tests: [
          "Foundations", "Tensors", "Audio", "Checkpoints",
          .product(name: "OrderedCollections", package: "swift-collections"),
        ])
      + module(
        "Activations",
        ["Foundations", "Files", "Corpora", "Tensors", "Audio", "Checkpoints", "HDF5", "Models", "Yams"],
        tests: ["Foundations", "Files", "Corpora", "Tensors", "Audio", "Checkpoints", "Models"])
      + module(
        "Probing",
        ["Foundations", "Corpora", "Results", "Tensors", "LinearAlgebra", "Audio", "Activations", "Yams"],
        tests: ["Foundations", "Corpora", "Results", "Tensors", "LinearAlgebra", "Audio", "Activations"])
      + module(
        "Similarity", ["Foundations", "Corpora", "Results", "Tensors", "LinearAlgebra", "Activations"],
        tests: ["Foundations", "Corpora", "Results", "Tensors", "LinearAlgebra", "Activations"])
      + module(
        "Attribution",
        [
          "Foundations", "Corpora", "Results", "Tensors", "Audio", "Checkpoints", "Models", "Activations",
          "Probing",
        ], tests: ["Foundations", "Corpora", "Tensors", "Audio", "Checkpoints", "Models"])
      + module(
        "Interventions",
        [
          "Foundations", "Corpora", "Results", "Tensors", "LinearAlgebra", "Audio", "Checkpoints", "Models",
          "Activations", "Probing", "Attribution",
        ],
        tests: [
          "Foundations", "Corpora", "Results", "Tensors", "LinearAlgebra", "Audio", "Checkpoints", "Models",
          "Activations", "Probing", "Attribution",
        ])
      + module(
        "FineTuning",
        [
          "Foundations", "Files", "Corpora", "Results", "Tensors", "Audio", "Checkpoints", "Models",
          "Probing",
          "Attribution",
        ], tests: ["Foundations", "Corpora", "Tensors", "Audio", "Checkpoints", "Models", "Attribution"])
      + module(
        "Reports",
        [
          "Foundations", "Files", "Corpora", "Results", "CPNG",
          .product(name: "Mustache", package: "swift-mustache"),
        ], tests: ["Corpora", "Results"])
      + module(
        "Strata",
        [
          "Foundations", "Files", "Corpora", "Results", "Tensors", "LinearAlgebra", "Audio", "Checkpoints",
          "HDF5", "Models", "Activations", "Probing", "Similarity", "Attribution", "Interventions",
          "FineTuning", "Reports", "Yams",
        ],
        tests: [
          "Foundations", "Files", "Corpora", "Results", "Tensors", "Audio", "Checkpoints", "HDF5", "Models",
          "Activations", "Probing", "StrataTesting",
        ])
      + module(
        "StrataTesting",
        ["Foundations", "Corpora", "Results", "Tensors", "Audio", "Models", "Activations", "Strata"],
        tests: ["Audio", "Corpora", "Tensors", "Models", "Activations", "Strata"])
      + [
        .executableTarget(
          name: "probe-layers",
          dependencies: [
            "Foundations", "Files", "Reports", "Strata", "CFaults", "CRelease", "Yams",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
          ]),
        .testTarget(
          name: "ProbeLayersTests",
          dependencies: ["probe-layers", "Checkpoints", "Strata", "Tensors", "StrataTestSupport"],
          swiftSettings: testSettings),
      ]),
  swiftLanguageModes: [.v6]
)
