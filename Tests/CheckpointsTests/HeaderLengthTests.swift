import Testing

@testable import Checkpoints

@Suite("A safetensors header of any length") struct HeaderLengthTests {
  @Test("is not taken for a pickle whose first bytes it happens to have", arguments: 600..<1500)
  func everyLength(length: Int) throws {
    let json = #"{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#
    let header = json + String(repeating: " ", count: length - json.utf8.count)
    let bytes = withUnsafeBytes(of: UInt64(length).littleEndian, Array.init) + Array(header.utf8) + [7]
    let checkpoint = try Checkpoint(bytes, path: "x")
    #expect(checkpoint.format == .safetensors)
    #expect(try checkpoint.tensor("x").values == [7])
  }
}
