import Foundations
import Tensors

/// What a self-test found.
public struct SelfTestFinding: Sendable, Equatable, CustomStringConvertible {
  /// The similarity that was found.
  public let value: Double
  /// The most that chance allows.
  public let limit: Double
  /// What was compared.
  public let subject: String

  /// Whether the value is within the limit.
  public var passes: Bool { abs(value) <= limit }

  public var description: String {
    "\(subject): \(value), \(passes ? "within" : "beyond") ±\(limit)"
  }
}

/// Checks that a study of random features would find nothing: debiased CKA of two independent random layers
/// of the study's own size must be zero but for chance.
public enum SimilaritySelfTest {
  /// Two layers `[rows × width]` of independent standard normal values. The standard deviation of their
  /// debiased CKA is √2/n, whatever the width; six of them are allowed.
  /// - Throws: `SimilarityError` for states that cannot be compared, such as ones that are not finite.
  public static func run(rows: Int, width: Int, seed: UInt64 = 0) throws -> SelfTestFinding {
    func layer(_ name: String) -> Tensor {
      var numbers = RandomNumbers(seed: seed, stream: "similarity self-test \(name)")
      return Tensor(shape: [rows, width]) { values in
        for i in 0..<values.count { values[i] = Float(numbers.normal()) }
      }
    }
    let value = try LinearCKA().similarity(layer("a"), layer("b")).value
    return SelfTestFinding(
      value: value, limit: 6 * 2.0.squareRoot() / Double(rows),
      subject: "debiased CKA of two random layers of \(rows) × \(width)")
  }
}
