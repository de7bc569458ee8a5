import Foundation
import Testing

@testable import Checkpoints

/// What the hostile files would make in the temporary folder if they were run.
private let marker = FileManager.default.temporaryDirectory.appending(path: "PROBE_PICKLE_EXECUTED")

@Suite("Hostile and damaged files") struct RefusalTests {
  /// The manifest's entries under `refuse/`, without the three that are made below.
  static let manifest: [(name: String, demand: String)] = {
    let json = try? MetadataValue(json: resourceBytes("reference/manifest.json"), path: "manifest.json")
    let made = ["refuse/truncated_zip.pt", "refuse/truncated_legacy.pt", "refuse/deep_nesting.pt"]
    return (json?.dictionary ?? [:]).filter { $0.key.hasPrefix("refuse/") && !made.contains($0.key) }
      .map { ($0.key, $0.value["must"]?.string ?? "") }.sorted { $0.0 < $1.0 }
  }()

  @Test("The manifest was read") func manifestIsThere() { #expect(Self.manifest.count == 35) }

  @Test("are refused, and nothing is run", arguments: manifest)
  func refused(name: String, demand: String) throws {
    let path = resource("reference/\(name)")
    if demand.hasPrefix("be refused with") {
      let error = try #require(throws: CheckpointError.self) { try Checkpoint.open(path) }
      #expect("\(error)".contains(name.split(separator: "/")[1]))
    } else {
      // A bare name of a function, not called: it stays a name.
      let checkpoint = try Checkpoint.open(path)
      #expect(checkpoint.foreignClasses == ["posix.system"])
    }
    #expect(!FileManager.default.fileExists(atPath: marker.path))
  }

  @Test(
    "that want a function called: the error names it",
    arguments: [
      ("evil_eval.pt", "__builtin__.eval"), ("evil_getattr.pt", "__builtin__.getattr"),
      ("evil_handmade.pt", "posix.system"), ("evil_inst.pt", "posix.system"),
      ("evil_stack_global.pt", "posix.system"), ("evil_system_legacy.pt", "posix.system"),
      ("evil_system_zip.pt", "posix.system"),
    ])
  func namesTheFunction(file: String, function: String) throws {
    let path = resource("reference/refuse/\(file)")
    let error = try #require(throws: CheckpointError.self) { try Checkpoint.open(path) }
    guard case .refusedCall(path, function, _) = error else { return #expect(Bool(false), "\(error)") }
    #expect(
      "\(error)".contains("\(function) to be called, which loading weights does not need; it was not run"))
  }

  @Test(
    "Two hundred thousand nested lists do not overflow the stack", arguments: [Array("]".utf8), [0x28]])
  func deepNesting(opening: [UInt8]) throws {
    let depth = 200_000
    let closing = opening == Array("]".utf8) ? Array("a".utf8) : Array("l".utf8)
    let nested = (0..<depth).flatMap { _ in opening } + (0..<(depth - 1)).flatMap { _ in closing }
    let pickle = PickleBuilder(.raw(nested + (opening == [0x28] ? closing : [])))
    let error = try #require(throws: CheckpointError.self) {
      try Checkpoint(pickle.archive(), path: "deep.pt")
    }
    guard case .limit = error else { return #expect(Bool(false), "\(error)") }
    // The same beside weights is metadata, cut at a depth.
    let weights = PickleBuilder.dictionary([
      ("state_dict", .dictionary([("w", .tensor(count: 1, shape: [1], strides: [1]))])), ("deep", pickle),
    ])
    let checkpoint = try Checkpoint(weights.archive(storages: ["0": floatBytes([7])]), path: "deep.pt")
    #expect(try checkpoint.tensor("w").values == [7])
    var depthFound = 0
    var value = checkpoint.metadata["deep"]
    while let inner = value?[0] { (value, depthFound) = (inner, depthFound + 1) }
    #expect(depthFound == MetadataConverter.depthLimit)
  }

  @Test(
    "Files cut short anywhere are refused",
    arguments: ["plain_zip.pt", "plain_legacy.pt", "model_fp16.safetensors"])
  func truncated(file: String) throws {
    let bytes = try resourceBytes("reference/\(file)")
    for percent in [1, 10, 37, 60, 99] {
      #expect(throws: CheckpointError.self) {
        try Checkpoint(Array(bytes.prefix(bytes.count * percent / 100)), path: file)
      }
    }
    #expect(throws: CheckpointError.self) { try Checkpoint(Array(bytes.dropLast()), path: file) }
  }

  @Test("A list copied over and over costs no square of time or memory")
  func copies() throws {
    // h0 h1 R: OrderedDict of the memoised list, five bytes a time.
    let many = 20_000
    let pieces: [PickleBuilder] = [
      .global("collections", "OrderedDict"), .op("q\u{0}0]("),
      .raw((0..<many).flatMap { _ in Array("))".utf8) }), .raw([0x65, 0x85, 0x71, 1, 0x30, 0x28]),
      .raw((0..<many).flatMap { _ in [0x68, 0, 0x68, 1, 0x52] as [UInt8] }), .op("t"),
    ]
    var bytes: [UInt8] = [0x80, 2]
    for piece in pieces { bytes += piece.bytes.dropFirst(2) }
    #expect(throws: CheckpointError.self) { try Checkpoint(bytes + [0x2E], path: "copies.pkl") }
  }

  @Test("Values shared a billion times over are cut, in metadata and in weights")
  func sharing() throws {
    // Thirty lists, each holding the one before twice.
    let body: [UInt8] =
      [0x5D, 0x71, 0]
      + (0..<30).flatMap { level -> [UInt8] in
        [0x5D, 0x28, 0x68, UInt8(level), 0x68, UInt8(level), 0x65, 0x71, UInt8(level + 1)]
      }
    // Everything is left on the stack; POP_MARK is not needed, since STOP takes the top.
    #expect(throws: CheckpointError.self) {
      try Checkpoint(PickleBuilder(.raw(body)).archive(), path: "shared.pt")
    }
    let weights = PickleBuilder.dictionary([
      ("state_dict", .dictionary([("w", .tensor(count: 1, shape: [1], strides: [1]))])),
      ("shared", PickleBuilder(.op("("), .raw(body), .op("t"))),
    ])
    let checkpoint = try Checkpoint(weights.archive(storages: ["0": floatBytes([7])]), path: "shared.pt")
    #expect(checkpoint.tensors.count == 1)
  }

  @Test("A large value under thousands of keys is refused before it is counted as often")
  func sharedKeys() throws {
    let list: [UInt8] = [0x5D, 0x71, 0, 0x28] + [UInt8](repeating: 0x4E, count: 5000) + [0x65, 0x30]
    let pairs = (0..<5000).flatMap { index -> [UInt8] in
      Array(PickleBuilder.text("k\(index)").bytes.dropFirst(2)) + [0x68, 0]
    }
    let weights = PickleBuilder(
      .text("model"), .dictionary([("w", .tensor(count: 1, shape: [1], strides: [1]))]))
    let pickle = PickleBuilder(.raw(list), .op("}("), weights, .raw(pairs), .op("u"))
    #expect(throws: CheckpointError.self) {
      try Checkpoint(pickle.archive(storages: ["0": floatBytes([7])]), path: "shared.pt")
    }
  }

  @Test("Weights under two keys are taken once")
  func sameWeightsTwice() throws {
    let weights = PickleBuilder(
      .op("}("), .text("model"), .dictionary([("w", .tensor(count: 1, shape: [1], strides: [1]))]),
      .raw([0x71, 9]), .text("ema"), .raw([0x68, 9]), .op("u"))
    let checkpoint = try Checkpoint(weights.archive(storages: ["0": floatBytes([7])]), path: "twice.pt")
    #expect(Array(checkpoint.tensors.keys) == ["w"])
    #expect(checkpoint.skipped == ["ema (1 tensor)"])
  }

  @Test("A name of many levels, each a long key, is refused")
  func longNames() throws {
    let key = String(repeating: "k", count: 1000)
    var tensor = PickleBuilder.tensor(count: 1, shape: [1], strides: [1])
    for _ in 0..<10 { tensor = .dictionary([(key, tensor)]) }
    let error = try #require(throws: CheckpointError.self) {
      try Checkpoint(tensor.archive(storages: ["0": floatBytes([7])]), path: "long.pt")
    }
    guard case .limit = error else { return #expect(Bool(false), "\(error)") }
  }

  @Test(
    "Calls of functions are refused by name, inert classes are not",
    arguments: [
      ("os", "system", false), ("subprocess", "Popen", false), ("builtins", "exec", false),
      ("torch", "load", false), ("torch.storage", "_load_from_bytes", false),
      ("acme", "make_config", false),
      ("webbrowser", "open", false), ("pathlib", "PosixPath", true), ("acme.enums", "Colour", true),
      ("acme.enums", "_Private", true), ("datetime", "datetime", true), ("functools", "partial", true),
    ])
  func calls(module: String, name: String, isInert: Bool) throws {
    let call = PickleBuilder(.global(module, name), .tuple([.text("x")]), .op("R"))
    let pickle = PickleBuilder.dictionary([
      ("model", .dictionary([("w", .tensor(count: 1, shape: [1], strides: [1]))])), ("args", call),
    ])
    let bytes = pickle.archive(storages: ["0": floatBytes([7])])
    if isInert {
      #expect(try Checkpoint(bytes, path: "call.pt").tensors.count == 1)
    } else {
      let error = try #require(throws: CheckpointError.self) { try Checkpoint(bytes, path: "call.pt") }
      guard case .refusedCall("call.pt", "\(module).\(name)", _) = error else {
        return #expect(Bool(false), "\(error)")
      }
    }
  }

  @Test(
    "New objects of the system's modules are refused too",
    arguments: [("subprocess", "Popen"), ("io", "open")])
  func newObjects(module: String, name: String) throws {
    let pickle = PickleBuilder(.global(module, name), .op(")"), .raw([0x81]))
    #expect(throws: CheckpointError.self) { try Checkpoint(pickle.archive(), path: "new.pt") }
  }

  @Test("A list that holds itself ends")
  func cycle() throws {
    let cycle = PickleBuilder(.raw([0x5D, 0x71, 0, 0x68, 0, 0x61]))
    #expect(throws: CheckpointError.self) { try Checkpoint(cycle.archive(), path: "cycle.pt") }
  }
}

@Suite("Files that are something else") struct ForeignFormatTests {
  @Test(
    "are told apart from their content, whatever their name",
    arguments: [
      ("", "empty (0 bytes)"), ("version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
      ("\n<!DOCTYPE html><html>", "a web page"), ("<html><body>404", "a web page"), ("Not found\n", "text"),
      ("{\"error\": \"gated\"}", "text"),
      ("\u{1}\u{2}\u{3}", "an unknown format"),
    ])
  func content(text: String, found: String) throws {
    let error = try #require(throws: CheckpointError.self) {
      try Checkpoint(Array(text.utf8), path: "m.pt")
    }
    guard case .notACheckpoint = error else { return #expect(Bool(false), "\(error)") }
    #expect("\(error)".hasPrefix("m.pt is not a checkpoint: it is"))
    #expect("\(error)".contains(found))
  }

  @Test("gzip, HDF5, tar and other zip archives")
  func containers() throws {
    var tar = [UInt8](repeating: 0, count: 512)
    tar.replaceSubrange(257..<262, with: "ustar".utf8)
    var zip = ZipBuilder()
    zip.add("word/document.xml", [1, 2, 3])
    for (bytes, found) in [
      ([0x1F, 0x8B, 8, 0], "gzip"), ([0x89, 0x48, 0x44, 0x46, 0x0D], "HDF5"), (tar, "a tar archive"),
      (zip.bytes, "a zip archive of word/document.xml"),
    ] {
      let error = try #require(throws: CheckpointError.self) { try Checkpoint(bytes, path: "m.pt") }
      #expect("\(error)".contains(found))
    }
  }

  @Test("Absent files and folders without a checkpoint are missing, not broken")
  func missing() throws {
    try withTemporaryFolder { folder in
      for path in ["\(folder)/no.pt", folder] {
        let error = try #require(throws: CheckpointError.self) { try Checkpoint.open(path) }
        guard case .missing(path, _) = error else { return #expect(Bool(false), "\(error)") }
      }
    }
  }

  @Test("Names are printed without their control characters")
  func printable() {
    #expect(shown("a\u{1B}[31mb\u{202E}") == "a\\u{1b}[31mb\\u{202e}")
    #expect(shown(String(repeating: "é", count: 200)).count == 121)
  }
}
