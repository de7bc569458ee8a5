#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// All ways in which a head trained with CTC emits a transcript (Graves et al. 2006): symbols in their order, each over one
/// frame or several, with fillers between them.
struct CTCLattice: Sendable {
  /// One symbol of the transcript at one frame.
  struct Emission: Sendable, Equatable {
    let frame: Int
    let symbol: Int
    /// The probability that the symbol is emitted here, those of one symbol of the transcript adding up to 1.
    let weight: Double
  }

  private let frames: Int
  private let symbols: [Int]
  /// log P of what each place emits: fillers, symbol 0, fillers, symbol 1, … `[frames × places]`.
  private let emitted: [Double]
  private var places: Int { 2 * symbols.count + 1 }
  /// log of the sum over all ways to each place, its own emission with it.
  private let forward: [Double]
  /// −log P(transcript), nats.
  let loss: Double

  /// Nil where there are too few frames for the symbols.
  init?(_ output: HeadOutput, _ symbols: [Int], isFiller: [Bool]) {
    let (frames, places) = (output.frames, 2 * symbols.count + 1)
    let repeats = symbols.indices.dropFirst().count { symbols[$0] == symbols[$0 - 1] }
    guard frames > 0, frames >= symbols.count + repeats else { return nil }
    let fillers = isFiller.indices.filter { isFiller[$0] }
    var emitted = [Double](repeating: 0, count: frames * places)
    for frame in 0..<frames {
      let silence = Self.logSum(fillers.map { output[frame, $0] })
      for place in 0..<places {
        emitted[frame * places + place] = place % 2 == 1 ? output[frame, symbols[place / 2]] : silence
      }
    }
    (self.frames, self.symbols, self.emitted) = (frames, symbols, emitted)
    var forward = [Double](repeating: -.infinity, count: frames * places)
    for frame in 0..<frames {
      for place in 0..<places {
        var ways = frame == 0 && place < 2 ? 0 : -Double.infinity
        if frame > 0 {
          let before = (frame - 1) * places + place
          ways = forward[before]
          if place > 0 { ways = Self.logSum(ways, forward[before - 1]) }
          if Self.skips(to: place, symbols) { ways = Self.logSum(ways, forward[before - 2]) }
        }
        forward[frame * places + place] = ways + emitted[frame * places + place]
      }
    }
    self.forward = forward
    let end = frames * places - 1
    let total = places > 1 ? Self.logSum(forward[end], forward[end - 1]) : forward[end]
    guard total.isFinite else { return nil }
    loss = -total
  }

  /// Whether a symbol may follow the one before with no filler between: not the same again.
  private static func skips(to place: Int, _ symbols: [Int]) -> Bool {
    place % 2 == 1 && place > 1 && symbols[place / 2] != symbols[place / 2 - 1]
  }

  /// Weights below this are left out.
  private static let least = 1e-6

  /// Where each symbol is emitted, frame by frame.
  var emissions: [Emission] {
    var backward = [Double](repeating: -.infinity, count: frames * places)
    for frame in stride(from: frames - 1, through: 0, by: -1) {
      for place in 0..<places {
        guard frame < frames - 1 else {
          backward[frame * places + place] = place >= places - 2 ? 0 : -.infinity
          continue
        }
        let after = (frame + 1) * places + place
        var ways = backward[after] + emitted[after]
        if place + 1 < places { ways = Self.logSum(ways, backward[after + 1] + emitted[after + 1]) }
        if place + 2 < places, Self.skips(to: place + 2, symbols) {
          ways = Self.logSum(ways, backward[after + 2] + emitted[after + 2])
        }
        backward[frame * places + place] = ways
      }
    }
    var found: [Emission] = []
    var totals = [Double](repeating: 0, count: symbols.count)
    func probability(_ frame: Int, _ symbol: Int) -> Double {
      let place = frame * places + 2 * symbol + 1
      return exp(forward[place] + backward[place] + loss)
    }
    for frame in 0..<frames {
      for symbol in symbols.indices { totals[symbol] += probability(frame, symbol) }
    }
    for frame in 0..<frames {
      for symbol in symbols.indices {
        let weight = probability(frame, symbol) / totals[symbol]
        if weight > Self.least {
          found.append(Emission(frame: frame, symbol: symbols[symbol], weight: weight))
        }
      }
    }
    return found
  }

  static func logSum(_ a: Double, _ b: Double) -> Double {
    let largest = max(a, b)
    guard largest > -.infinity else { return -.infinity }
    return largest + log(exp(a - largest) + exp(b - largest))
  }

  static func logSum(_ values: [Double]) -> Double {
    guard let largest = values.max(), largest > -.infinity else { return -.infinity }
    return largest + log(values.reduce(0) { $0 + exp($1 - largest) })
  }
}
