/// How one training went, step by step.
public struct LearningCurve: Equatable, Sendable {
  /// A value after an update, counted from 1.
  public struct Point: Equatable, Sendable {
    public var step: Int
    public var value: Double

    public init(step: Int, value: Double) { (self.step, self.value) = (step, value) }
  }

  /// `training`, or which fold's.
  public var name: String
  /// Of each batch, before the update.
  public var loss: [Point]
  public var rate: [Point]
  /// Of all gradients, before clipping.
  public var gradientNorm: [Point]
  /// Of the development part.
  public var developmentLoss: [Point]
  public var developmentErrors: [Point]

  public init(
    name: String, loss: [Point], rate: [Point], gradientNorm: [Point], developmentLoss: [Point],
    developmentErrors: [Point]
  ) {
    (self.name, self.loss, self.rate, self.gradientNorm) = (name, loss, rate, gradientNorm)
    (self.developmentLoss, self.developmentErrors) = (developmentLoss, developmentErrors)
  }
}
