import Foundation
import Results
import StrataTestSupport
import Testing

@testable import Reports

@Suite("TensorBoard") struct TensorBoardTests {
  /// RFC 3720, appendix B.4.
  @Test("the check sum of the standard's examples")
  func checksum() {
    #expect(CRC32C.checksum(Data(repeating: 0, count: 32)) == 0x8a91_36aa)
    #expect(CRC32C.checksum(Data(repeating: 0xff, count: 32)) == 0x62a8_ab43)
    #expect(CRC32C.checksum(Data(0..<32)) == 0x46dd_794e)
    #expect(CRC32C.checksum(Data("123456789".utf8)) == 0xe306_9283)
  }

  /// The encoding's specification: 150 is 96 01, and field 1 holding it 08 96 01.
  @Test("messages in the bytes of the specification")
  func message() {
    var message = ProtobufMessage()
    message.integer(1, 150)
    message.text(2, "testing")
    message.message(3) { $0.integer(1, 150) }
    #expect(
      message.data
        == Data([0x08, 0x96, 0x01, 0x12, 0x07]) + Data("testing".utf8)
        + Data([0x1a, 0x03, 0x08, 0x96, 0x01]))
  }

  @Test("every record carries its length and both check sums, and holds the study's numbers")
  func records() throws {
    let files = try TemporaryFolder()
    defer { withExtendedLifetime(files) {} }
    let folder = files.path
    try TensorBoardWriter.write(SyntheticStudy.small, to: folder)
    let records = try events(folder + "/trained/events.out.tfevents.0000000000.strata")
    let level = SyntheticStudy.small.levels[0]
    let measured = SyntheticStudy.small.levels.flatMap(\.layers)
    let numbers = measured.reduce(0) { sum, layer in
      let gains = [layer.gainOverMel, layer.gainOverTwin, layer.selectivity].compactMap(\.self)
      return sum + 3 * ((layer.metrics?.metrics.count ?? 0) + gains.count)
    }
    #expect(records.count == 1 + SyntheticStudy.small.levels.count + numbers)
    let peak = try #require(level.peak)
    var expected = ProtobufMessage()
    expected.text(1, "phoneme/accuracy")
    expected.float(2, Float(peak.estimate.value))
    #expect(records.contains { $0.range(of: expected.data) != nil })
    #expect(records[0].range(of: Data("brain.Event:2".utf8)) != nil)
  }

  @Test("vectors with their labels for the projector, hostile labels on one line")
  func projector() throws {
    let files = try TemporaryFolder()
    defer { withExtendedLifetime(files) {} }
    let folder = files.path
    let embedding = TensorBoardWriter.Embedding(
      name: "phoneme hidden.6", values: [1, 2, 3, 4], width: 2, columns: ["label", "speaker"],
      rows: [["a\tb", "x\ny"], ["ə", "kal"]])
    try TensorBoardWriter.write(SyntheticStudy.small, embeddings: [embedding], to: folder)
    func text(_ name: String) throws -> String {
      try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
    }
    #expect(try text("projector/phoneme-hidden-6.tsv") == "1.0\t2.0\n3.0\t4.0\n")
    #expect(try text("projector/phoneme-hidden-6-labels.tsv") == "label\tspeaker\na b\tx y\nə\tkal\n")
    #expect(try text("projector_config.pbtxt").contains("projector/phoneme-hidden-6.tsv"))
  }

  /// The payloads of a file's records, whose frames must hold.
  private func events(_ path: String) throws -> [Data] {
    var rest = try #require(FileManager.default.contents(atPath: path))
    func number(_ bytes: Data) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    var records: [Data] = []
    while !rest.isEmpty {
      let length = Data(rest.prefix(8))
      let count = Int(number(length))
      try #require(rest.count >= count + 16)
      #expect(number(Data(rest.dropFirst(8).prefix(4))) == UInt64(CRC32C.masked(length)))
      let record = Data(rest.dropFirst(12).prefix(count))
      #expect(number(Data(rest.dropFirst(12 + count).prefix(4))) == UInt64(CRC32C.masked(record)))
      records.append(record)
      rest = Data(rest.dropFirst(16 + count))
    }
    return records
  }
}
