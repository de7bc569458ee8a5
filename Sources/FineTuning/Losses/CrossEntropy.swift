import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Cross-entropy of rows with classes, weighed by class, with labels smoothed towards all classes alike (Szegedy 2016).
///
/// The mean is taken as PyTorch takes it: the sum over rows, over the weights of their classes.
public struct CrossEntropy: Sendable, Equatable {
  /// One for each class; nil for ones.
  public var classWeights: [Double]?
  /// The share of each label that goes to all classes.
  public var smoothing: Double

  public init(classWeights: [Double]? = nil, smoothing: Double = 0) {
    self.classWeights = classWeights
    self.smoothing = smoothing
  }

  /// What rows come to: sums, which are divided by `weight` for the mean.
  public struct Result: Sendable {
    /// Σ of the rows' losses, nats.
    public let loss: Double
    /// Σ of the weights of their classes.
    public let weight: Double
    /// Of `loss` by the logits; zero in rows without a label.
    public let gradient: Tensor  // [rows × classes]
  }

  /// The weight of labels: what `callAsFunction` would give.
  public func weight(of labels: [Int?]) -> Double {
    labels.reduce(0) { $0 + ($1.map { classWeights?[$0] ?? 1 } ?? 0) }
  }

  /// - Parameters:
  ///   - logits: `[rows × classes]`, before softmax.
  ///   - labels: a class for each row; rows of nil count for nothing.
  public func callAsFunction(_ logits: Tensor, labels: [Int?]) -> Result {
    let (rows, classes) = (logits.rows, logits.width)
    precondition(labels.count == rows, "\(labels.count) labels for \(rows) rows")
    precondition(classWeights.map { $0.count == classes } ?? true, "weights of other classes")
    let weights = classWeights ?? Array(repeating: 1, count: classes)
    let share = smoothing / Double(classes)
    let spread = weights.reduce(0, +)
    let logs = logSoftmax(logits)
    var loss = 0.0
    let gradient = Tensor(shape: [rows, classes]) { gradient in
      gradient.update(repeating: 0)
      for (row, label) in labels.enumerated() {
        guard let label else { continue }
        let own = (1 - smoothing) * weights[label]
        loss -= own * logs[row * classes + label]
        for k in 0..<classes {
          let place = row * classes + k
          loss -= share * weights[k] * logs[place]
          gradient[place] = Float((own + share * spread) * exp(logs[place]) - share * weights[k])
        }
        gradient[row * classes + label] -= Float(own)
      }
    }
    return Result(loss: loss, weight: weight(of: labels), gradient: gradient)
  }
}
