/// How one training went, step by step.
public struct LearningCurve: Equatable, Sendable {
  /// A value after an update, counted from 1.
  public struct Point: Equatable, Sendable {
    /// The update, counted from 1.
    public var step: Int
    /// What was measured there.
    public var value: Double

    public init(step: Int, value: Double) { (self.step, self.value) = (step, value) }
  }

  /// `training`, or which fold's.
  public var name: String
  /// Of each batch, before the update.
  public var loss: [Point]
  /// The learning rate of each update.
  public var rate: [Point]
  /// Of all gradients, before clipping.
  public var gradientNorm: [Point]
  /// Of the development part.
  public var developmentLoss: [Point]
  /// The error rate or share of wrong classes on the development part, 0 to 1.
  public var developmentErrors: [Point]

  public init(
    name: String, loss: [Point], rate: [Point], gradientNorm: [Point], developmentLoss: [Point],
    developmentErrors: [Point]
  ) {
    (self.name, self.loss, self.rate, self.gradientNorm) = (name, loss, rate, gradientNorm)
    (self.developmentLoss, self.developmentErrors) = (developmentLoss, developmentErrors)
  }
}
