/// How what arrives at an operation's output is handed to its inputs.
///
/// Every method is the same walk back with other rules. Relevance, too, is carried as a gradient: what an input
/// contributed is its value times what has arrived there (Ancona 2018; Achtibat 2024, "AttnLRP").
public struct PropagationRules: Sendable, Equatable {
  /// How linear layers and convolutions, `z = W·x + b`, hand on what arrives at their outputs.
  public enum Affine: Sendable, Equatable {
    /// `Wᵀ·g`.
    case derivative
    /// Shares of `z + ε·sign(z)`, with ε in units of the layer's root mean square: what weak outputs would blow up
    /// is absorbed (Bach 2015, eq. 58).
    case epsilon(Float)
    /// Contributions of the output's own sign count 1 + γ times (Montavon 2019; both signs as in Andéol 2021).
    case gamma(Float)
    /// Positive contributions only (Bach 2015, α = 1, β = 0).
    case positive
  }

  /// How elementwise functions, `y = f(z)`, hand on what arrives at their outputs.
  public enum Activation: Sendable, Equatable {
    case derivative
    /// The derivative, where what arrives is positive (Springenberg 2015).
    case guided
    /// `y / z`: an elementwise function hands its relevance on unchanged.
    case ratio
  }

  /// The rule of linear layers and convolutions.
  public var affine: Affine
  /// The rule of elementwise functions.
  public var activation: Activation
  /// Norms are taken as linear, their variance as a constant, and products of two activations give half to each
  /// (AttnLRP, Achtibat 2024, eqs. 9–15).
  public var conservesRelevance: Bool

  /// Whether what arrives at parameters is found too; for gradients alone.
  package var findsParameters = false

  private init(affine: Affine, activation: Activation, conservesRelevance: Bool) {
    (self.affine, self.activation, self.conservesRelevance) = (affine, activation, conservesRelevance)
  }

  /// The gradient.
  public static let gradient = PropagationRules(
    affine: .derivative, activation: .derivative, conservesRelevance: false)
  /// Guided backpropagation: the gradient, where it is positive at activations (Springenberg et al. 2015).
  public static let guided = PropagationRules(
    affine: .derivative, activation: .guided, conservesRelevance: false)

  /// Layer-wise relevance propagation with this rule for linear layers and convolutions.
  ///
  /// Parts of the method are patented. It is free for research; a company asks the owners before it uses it.
  public static func relevance(_ affine: Affine) -> PropagationRules {
    PropagationRules(affine: affine, activation: .ratio, conservesRelevance: true)
  }
}
