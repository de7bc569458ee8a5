import Corpora
import Foundation
import Foundations
import Models
import StrataTestSupport
import Tensors
import Testing

@testable import Activations
@testable import Checkpoints

@Suite("Pooling in parts") struct PiecePoolingTests {
  @Test(
    "gives what pooling all frames gives, to the last bit, wherever they are cut",
    arguments: FramePooling.Mode.allCases, [nil, 0.05])
  func same(mode: FramePooling.Mode, context: Double?) {
    var random = RandomNumbers(seed: 3)
    let pooling = FramePooling(mode, context: context)
    let timing = SyntheticSource.timing
    let frames = Tensor((0..<(400 * 3)).map { _ in Float(random.normal()) }, shape: [400, 3])
    // Up to beyond the last frame, and as long as several pieces.
    let spans = (0..<300).map { _ in
      let start = 8.4 * random.uniform()
      return LabelledSpan(start: start, end: start + 2 * random.uniform(), label: "x", type: "x")
    }
    let expected = pooling.pool(frames, timing: timing, spans: spans)
    for cuts in [[1], [399], [7, 8, 200], [100, 200, 300], [50, 51, 52, 390, 398]] {
      var pieces = PiecePooling(pooling, timing, width: 3, spans: spans)
      for (first, end) in zip([0] + cuts, cuts + [400]) {
        pieces.add(FramePiece(frames: frames.rows(first..<end), first: first, isLast: end == 400))
      }
      #expect(pieces.pooled() == expected, "cut at \(cuts)")
    }
  }

  #if os(Linux)
    @Test("a sample's file need not stay in memory once a layer of it was put together") func pages() throws
    {
      let folder = try TemporaryFolder()
      let path = try folder.file("sample.safetensors")
      let values = Tensor((0..<(1 << 19)).map { Float($0) }, shape: [1 << 10, 1 << 9])
      try SafetensorsWriter.write([("a", values), ("b", values)], to: path)
      let checkpoint = try Checkpoint.open(path)
      let parts = [try checkpoint.tensor("a"), try checkpoint.tensor("b")]
      let items = (0..<(1 << 11)).map {
        PooledSpans.Item(
          label: 0, type: 0, utterance: 0, speaker: 0, start: Double($0), end: Double($0) + 1)
      }
      let spans = PooledSpans(
        level: .phoneme, isDerived: false, classes: ["x"], types: ["x"], speakers: ["s"], utterances: ["u"],
        items: items, parts: [("hidden.0", parts)], reasons: [:])
      let states = try spans.states(of: "hidden.0")
      #expect(states[row: 1024] == values[row: 0] && states[row: 2047] == values[row: 1023])
      #expect(try Self.residentKiB(of: path) < 256)
      // It is read again where it is looked at.
      #expect(parts[1][row: 1023] == values[row: 1023])
    }

    /// How much of a mapped file is in this process's memory.
    private static func residentKiB(of path: String) throws -> Int {
      var (isOwn, sum) = (false, 0)
      for line in try String(contentsOfFile: "/proc/self/smaps", encoding: .utf8).split(separator: "\n") {
        let words = line.split(separator: " ")
        if words.count >= 5, words[0].contains("-"), !words[0].hasSuffix(":") {
          isOwn = line.hasSuffix(path)
        }
        if isOwn, words.first == "Rss:", words.count > 1 { sum += Int(words[1]) ?? 0 }
      }
      return sum
    }
  #endif
}
