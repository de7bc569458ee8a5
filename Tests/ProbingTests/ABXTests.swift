import Foundation
import Foundations
import Tensors
import Testing

@testable import Probing

@Suite("ABX")
struct ABXTests {
  private func frames(_ rows: [[Float]]) -> ABXFrames {
    ABXFrames(Tensor(rows.flatMap { $0 }, shape: [rows.count, rows[0].count]))
  }

  @Test("distances are angles by π, whatever the lengths")
  func angles() {
    let (x, y, opposite) = (frames([[2, 0]]), frames([[0, 7]]), frames([[-1, 0]]))
    for comparison in ABXComparison.allCases {
      #expect(abs(x.distance(to: y, comparison) - 0.5) < 1e-6)
      #expect(abs(x.distance(to: opposite, comparison) - 1) < 1e-3)
      #expect(x.distance(to: frames([[5, 0]]), comparison) == 0)
    }
  }

  /// Angles of 0 and ½ only, so that paths can be counted by hand.
  @Test("the best alignment's mean: repeated frames cost nothing, and a path is divided by its length")
  func alignment() {
    let (up, right): ([Float], [Float]) = ([0, 1], [1, 0])
    #expect(frames([right, up]).distance(to: frames([right, right, up, up]), .dtw) == 0)
    // right,up against up,right: the diagonal costs ½ + ½ over two steps; any corner costs ½ + 0 + ½ over three.
    // The sums are alike, and of these the diagonal is taken.
    #expect(abs(frames([right, up]).distance(to: frames([up, right]), .dtw) - 0.5) < 1e-6)
    // One frame against three: all three pairs, of which one costs ½.
    #expect(abs(frames([right]).distance(to: frames([right, up, right]), .dtw) - 0.5 / 3) < 1e-6)
  }

  @Test("an alignment costs what the recursion written down costs")
  func naive() {
    var numbers = RandomNumbers(seed: 8)
    for _ in 0..<20 {
      let (n, m) = (1 + numbers.index(below: 6), 1 + numbers.index(below: 6))
      let draw = { (count: Int) in (0..<count).map { _ in (0..<3).map { _ in Float(numbers.normal()) } } }
      let (a, b) = (draw(n), draw(m))
      func angle(_ i: Int, _ j: Int) -> Double {
        let dot = zip(a[i], b[j]).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        let norms = (a[i].reduce(0.0) { $0 + Double($1 * $1) } * b[j].reduce(0.0) { $0 + Double($1 * $1) })
        return acos(max(-1, min(1, dot / norms.squareRoot()))) / .pi
      }
      /// Every path, the cheapest first, then the shortest.
      func best(_ i: Int, _ j: Int) -> (cost: Double, length: Int) {
        if i == 0, j == 0 { return (angle(0, 0), 1) }
        var options: [(Double, Int)] = []
        if i > 0, j > 0 { options.append(best(i - 1, j - 1)) }
        if i > 0 { options.append(best(i - 1, j)) }
        if j > 0 { options.append(best(i, j - 1)) }
        let least = options.min { $0 < $1 } ?? (0, 0)
        return (least.0 + angle(i, j), least.1 + 1)
      }
      let expected = best(n - 1, m - 1)
      let found = frames(a).distance(to: frames(b), .dtw)
      #expect(abs(found - expected.cost / Double(expected.length)) < 1e-4)
    }
  }

  /// Two phones, two contexts, two speakers.
  private let items = [0, 1].flatMap { speaker in
    [0, 1].flatMap { context in
      [0, 0, 0, 1, 1].map { ABXItem(phone: $0, context: context, speaker: speaker) }
    }
  }

  @Test("tasks hold the triplets that their conditions allow")
  func tasks() {
    let within = ABXTask(items, speakers: .within, seed: 1)
    // By speaker and context: A/X of phone 0 in 3·2 ways with 2 B, A/X of phone 1 in 2·1 with 3 B.
    #expect(within.cellCount == 8 && within.triplets == 4 * (12 + 6))
    let across = ABXTask(items, speakers: .across, seed: 1)
    // By context and ordered pair of speakers: 3·3·2 and 2·2·3.
    #expect(across.cellCount == 8 && across.triplets == 4 * (18 + 12))
    #expect(
      across.cells.allSatisfy { cell in
        cell.x.allSatisfy {
          items[$0].speaker != items[cell.a[0]].speaker && items[$0].phone == items[cell.a[0]].phone
        }
      })
    #expect(
      ABXTask(items, speakers: .within, sameContext: false, seed: 1).triplets == 2 * (6 * 5 * 4 + 4 * 3 * 6)
    )
    #expect(ABXTask(items, speakers: .within, largestGroup: 2, seed: 1).triplets == 4 * (4 + 4))
    #expect(ABXTask(items, speakers: .across, largestTask: 3, seed: 1).cellCount == 3)
    #expect(within.items == Array(items.indices))
  }

  @Test(
    "phones that lie apart have no error, frames that are all the same half, and one cell is counted by hand"
  )
  func errors() throws {
    let apart = items.map { frames($0.phone == 0 ? [[1, 0]] : [[0, 1]]) }
    let same = items.map { _ in frames([[1, 1]]) }
    for speakers in ABXTask.Speakers.allCases {
      let task = ABXTask(items, speakers: speakers, seed: 1)
      for comparison in ABXComparison.allCases {
        #expect(try task.result(apart, comparison).error == 0)
        #expect(try task.result(same, comparison, threads: 2).error == 0.5)
      }
    }
    // One speaker: phone 0 at 0° and 30°, phone 1 at 50° only. X = 30° is nearer to B, X = 0° to A: half.
    let few = [0, 0, 1].map { ABXItem(phone: $0, context: 0, speaker: 0) }
    let states = [0.0, 30, 50].map { frames([[Float(cos($0 * .pi / 180)), Float(sin($0 * .pi / 180))]]) }
    #expect(try ABXTask(few, speakers: .within, seed: 1).result(states, .pooled).error == 0.5)
    #expect(try ABXTask(few, speakers: .across, seed: 1).result(states, .pooled).error.isNaN)
  }

  @Test("random frames have an error of one half")
  func random() throws {
    var numbers = RandomNumbers(seed: 2)
    let items = (0..<300).map { ABXItem(phone: $0 % 5, context: 0, speaker: $0 / 5 % 4) }
    let states = items.map { _ in
      frames((0..<(1 + numbers.index(below: 3))).map { _ in (0..<8).map { _ in Float(numbers.normal()) } })
    }
    for speakers in ABXTask.Speakers.allCases {
      let error = try ABXTask(items, speakers: speakers, seed: 1).result(states, .pooled, threads: 2).error
      #expect(abs(error - 0.5) < 0.03, "\(error)")
    }
  }

  @Test("a frame of zeros is at distance 1 from others and at 0 from another of zeros")
  func zeros() throws {
    let (nothing, something) = (frames([[0, 0, 0]]), frames([[0.5, -1, 2]]))
    for comparison in ABXComparison.allCases {
      #expect(nothing.distance(to: something, comparison) == 1)
      #expect(something.distance(to: nothing, comparison) == 1)
      #expect(nothing.distance(to: frames([[0, 0, 0], [0, 0, 0]]), comparison) == 0)
    }
    #expect(frames([[0, 0], [1, 0], [0, 0]]).zeroFrames == 2)
    // A phone of zeros beside one that is not: no error.
    let items = [0, 0, 1, 1].map { ABXItem(phone: $0, context: 0, speaker: 0) }
    let states = items.map { $0.phone == 0 ? nothing : something }
    #expect(try ABXTask(items, speakers: .within, seed: 1).result(states, .dtw).error == 0)
  }

  /// Codes of a quantiser: where A and B are one code, X is as far from both, to the last digit.
  @Test("phones of equal frames tie exactly, whatever the vectors")
  func ties() throws {
    var numbers = RandomNumbers(seed: 21)
    for width in [1, 3, 13, 64, 191] {
      let codes = (0..<2).map { _ in (0..<width).map { _ in Float(numbers.normal()) } }
      let items = (0..<12).map { ABXItem(phone: $0 % 2, context: 0, speaker: $0 / 6) }
      let states = items.indices.map { frames([codes[$0 / 2 % 2], codes[1 - $0 / 2 % 2], codes[0]]) }
      // A speaker's A and B are the same three sequences: what is won with one pair is lost with another, but for ties.
      let task = ABXTask(items, speakers: .across, seed: 1)
      for comparison in ABXComparison.allCases {
        #expect(try task.result(states, comparison).error == 0.5, "\(width) \(comparison)")
      }
    }
  }

  @Test("the error's interval is over the utterances of X, and holds the error")
  func interval() throws {
    var numbers = RandomNumbers(seed: 5)
    let items = (0..<240).map { ABXItem(phone: $0 % 4, context: 0, speaker: $0 / 4 % 3) }
    let states = items.map { item in
      frames([(0..<6).map { Float(numbers.normal() + ($0 == item.phone ? 1.5 : 0)) }])
    }
    let result = try ABXTask(items, speakers: .across, seed: 1).result(states, .pooled)
    let estimate = result.estimate(utterance: items.indices.map { $0 / 12 }, resamples: 200, seed: 1)
    #expect(
      estimate.value == result.error && estimate.low < estimate.value && estimate.value < estimate.high)
    #expect(estimate.high < 0.5 && estimate.high - estimate.low < 0.2, "\(estimate)")
    #expect(result.error(weights: [Double](repeating: 3, count: items.count)) == result.error)
    #expect(result.triplets == ABXTask(items, speakers: .across, seed: 1).triplets)
  }
}
