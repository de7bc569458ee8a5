import Foundations
import Models
import Tensors

/// Narrow networks beside every block's attention and feed-forward network, trained in the place of the weights.
public struct SideAdapter: Sendable, Equatable, Codable {
  /// Where the networks stand.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// One behind each sublayer (Houlsby 2019).
    case bottleneck
    /// A soft mixture of several beside each sublayer (Cappellazzo 2024).
    case softMixture = "soft-moa"
  }

  /// Where the networks stand.
  public var kind: Kind
  /// The width between a network's two layers.
  public var width: Int
  /// Of a mixture: how many networks there are.
  public var networks: Int
  /// Of a mixture: the slots of each network.
  public var slots: Int

  public init(kind: Kind = .bottleneck, width: Int = 16, networks: Int = 7, slots: Int = 1) {
    (self.kind, self.width, self.networks, self.slots) = (kind, width, networks, slots)
  }

  /// Fresh networks for each block among `parameters`: what leads out of them starts at zeros, so that nothing changes at
  /// first; what leads in is uniform up to 1/√inputs; slots are normal as Glorot & Bengio (2010) have it.
  ///
  /// Throws `FineTuningError.setting`.
  func parameters(for parameters: [String: Tensor], seed: UInt64) throws -> [String: Tensor] {
    func require(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
      guard range.contains(value) else {
        throw FineTuningError.setting(
          name: name, found: "\(value)", expected: "\(range.lowerBound) to \(range.upperBound)")
      }
    }
    try require("an adapter's width", width, 1...65_536)
    try require("a mixture's networks", networks, 1...256)
    try require("a mixture's slots", slots, 1...1024)
    var drawn: [String: Tensor] = [:]
    func narrow(_ name: String, _ model: Int) {
      var random = RandomNumbers(seed: seed, stream: name)
      let bound = 1 / Double(model).squareRoot()
      drawn["\(name).down.weight"] = Tensor(shape: [width, model]) { values in
        for index in values.indices { values[index] = Float((2 * random.uniform() - 1) * bound) }
      }
      drawn["\(name).down.bias"] = Tensor(shape: [width])
      drawn["\(name).up.weight"] = Tensor(shape: [model, width])
      drawn["\(name).up.bias"] = Tensor(shape: [model])
    }
    for (name, value) in parameters where name.hasSuffix(".attention.out_proj.weight") {
      let (block, model) = (name.dropLast(".attention.out_proj.weight".count), value.rows)
      for place in ["\(block).beside_attention", "\(block).beside_feed_forward"] {
        switch kind {
        case .bottleneck: narrow(place, model)
        case .softMixture:
          var random = RandomNumbers(seed: seed, stream: place)
          let deviation = (2 / Double((networks + model) * slots)).squareRoot()
          drawn["\(place).slots.weight"] = Tensor(shape: [networks * slots, model]) { values in
            for index in values.indices { values[index] = Float(random.normal() * deviation) }
          }
          for number in 0..<networks { narrow("\(place).networks.\(number)", model) }
        }
      }
    }
    return drawn
  }
}
