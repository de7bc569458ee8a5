import Activations
import Tensors

extension Moments {
  /// What a measure needs of one layer.
  func sums(of layer: String) throws -> LayerSums {
    LayerSums(
      rows: count, secondMoment: try secondMoment(of: layer),
      squaredNorms: try sumOfSquaredNorms(of: layer), fourthPowers: try sumOfNormProducts(layer, layer))
  }

  /// What it needs of a pair.
  func sums(_ x: String, _ y: String) throws -> PairSums {
    PairSums(crossMoment: try crossMoment(x, y), normProducts: try sumOfNormProducts(x, y))
  }

  /// What stands out among a layer's dimensions. A dimension is dead here where its variance is rounding
  /// beside its mean.
  func dimensions(of layer: String) throws -> DimensionCheck {
    let (moment, mean) = (try secondMoment(of: layer), try mean(of: layer))
    let variances = mean.indices.map { max(0, moment[$0, $0]) }
    let dead = mean.indices.filter {
      variances[$0] <= Double(count) * mean[$0] * mean[$0] * 1e-24
    }
    return DimensionCheck(dead: dead, variances: variances)
  }

  /// How a layer's variance is spread over its directions and dimensions.
  /// - Throws: `ActivationError.noSuchLayer`, and `SimilarityError` where the layer has no spectrum.
  public func spectrum(of layer: String) throws -> Spectrum {
    try Spectrum(secondMoment: secondMoment(of: layer), mean: mean(of: layer), rows: count)
  }
}
