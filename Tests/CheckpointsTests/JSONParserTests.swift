import Testing

@testable import Checkpoints

@Suite("JSON") struct JSONParserTests {
  func parse(_ text: String) throws -> MetadataValue {
    try MetadataValue(json: Array(text.utf8), path: "c.json")
  }

  @Test(
    "values of every kind",
    arguments: [
      ("null", .null), (" true ", .bool(true)), ("false", .bool(false)), ("-12", .integer(-12)),
      ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(0x1p63)),
      ("1e-5", .number(1e-5)),
      ("0.5", .number(0.5)), ("[]", .list([])), ("{}", .dictionary([:])), ("Infinity", .number(.infinity)),
      ("-Infinity", .number(-.infinity)), ("[1, [2]]", .list([.integer(1), .list([.integer(2)])])),
      (#""a\n\"\\\/\u00e9\ud83d\ude00""#, .string("a\n\"\\/é\u{1F600}")), ("\"ключ\"", .string("ключ")),
      (#""\ud83d""#, .string("\u{FFFD}")),
    ] as [(String, MetadataValue)])
  func values(text: String, expected: MetadataValue) throws { #expect(try parse(text) == expected) }

  @Test("NaN is not equal to itself, but is read")
  func notANumber() throws { #expect(try parse("NaN").number?.isNaN == true) }

  @Test(
    "what is not JSON is refused with the byte",
    arguments: [
      ("", 0), ("[1,]", 3), ("{\"a\":1,}", 7), ("{a:1}", 1), ("01x", 2), ("\"a", 2), ("\"\\x\"", 2),
      ("tru", 0),
      ("1 2", 2), ("{\"a\":1,\"a\":2}", 7), ("\"\n\"", 1), ("-", 0), ("--1", 0), ("[", 1),
    ])
  func broken(text: String, byte: Int) throws {
    let error = try #require(throws: CheckpointError.self) { try parse(text) }
    guard case .malformed("c.json", "JSON, byte \(byte)", _, _) = error else {
      return #expect(Bool(false), "\(error)")
    }
  }

  @Test(
    "What the writer quotes, the parser reads",
    arguments: ["", "a\"b\\c", "\u{0}\u{1F}\u{7F}", "é\u{1F600}"])
  func quoting(text: String) throws {
    #expect(try parse(SafetensorsWriter.quoted(text)) == .string(text))
  }

  @Test("Metadata is read by key, index and kind")
  func access() throws {
    let value = try parse(#"{"a": [1, 2.0, "x"], "b": {"c": true}, "f": 2.5}"#)
    #expect(value["a"]?[0]?.integer == 1)
    #expect(value["a"]?[1]?.integer == 2)
    #expect(value["a"]?[2]?.string == "x")
    #expect(value["a"]?[3] == nil)
    #expect(value["b"]?["c"]?.bool == true)
    #expect(value["f"]?.integer == nil)
    #expect(value["f"]?.number == 2.5)
    #expect(value["b"]?["d"] == nil)
  }

  @Test("A value's description is JSON, in which opaque values show their class")
  func description() throws {
    let text = #"{"a": [1, 2.5, "x\"y"], "b": {"c": true, "d": null}}"#
    #expect(try parse(text).description == text)
    #expect(try parse(parse(text).description) == parse(text))
    #expect(MetadataValue.list([.opaque(className: "acme.Config")]).description == "[<acme.Config>]")
  }
}
