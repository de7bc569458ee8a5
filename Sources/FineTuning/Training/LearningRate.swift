#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How large steps are: up from nothing in a straight line, then down along half a cosine (Loshchilov & Hutter 2017),
/// and smaller for layers nearer the input (Howard & Ruder 2018).
public struct LearningRate: Sendable, Equatable, Codable {
  /// At the end of the warm-up.
  public var peak = 1e-4
  /// Steps until then.
  public var warmUp = 0
  /// What the rate of each layer is of that of the layer above.
  public var layerDecay = 1.0
  /// The head's own peak; nil for `peak`.
  public var head: Double?

  /// A schedule with its peak after `warmUp` updates.
  public init(peak: Double = 1e-4, warmUp: Int = 0, layerDecay: Double = 1, head: Double? = nil) {
    self.peak = peak
    self.warmUp = warmUp
    self.layerDecay = layerDecay
    self.head = head
  }

  /// The share of the peak in the update after `done` of `total` steps, as transformers'
  /// `get_cosine_schedule_with_warmup` has it.
  func share(done: Int, of total: Int) -> Double {
    if done < warmUp { return Double(done) / Double(max(1, warmUp)) }
    let progress = Double(done - warmUp) / Double(max(1, total - warmUp))
    return max(0, 0.5 * (1 + cos(.pi * progress)))
  }

  /// The rate of a parameter that stands `depth` layers below the head.
  func rate(done: Int, of total: Int, depth: Int) -> Double {
    let peak = depth == 0 ? head ?? peak : peak * pow(layerDecay, Double(depth))
    return peak * share(done: done, of: total)
  }
}
