import Activations
import Foundation
import Results
import Similarity
import Tensors

extension LayerSpectrum {
  /// `anisotropy` takes the place of the spectrum's own where that was made from sums.
  init(_ spectrum: Spectrum, model: String, layer: String, anisotropy: Double? = nil) {
    self.init(
      model: model, layer: layer, rows: spectrum.rows, width: spectrum.width,
      effectiveRank: spectrum.effectiveRank, rankMe: spectrum.rankMe,
      participationRatio: spectrum.participationRatio, anisotropy: spectrum.anisotropy ?? anisotropy,
      topShare: spectrum.topShare(1), topTenShare: spectrum.topShare(10),
      outliers: spectrum.outlierDimensions().map { Outlier(dimension: $0.dimension, share: $0.share) },
      dead: spectrum.dimensionVariances.indices.filter { spectrum.dimensionVariances[$0] == 0 })
  }

  /// With six decimals, since shards' sums are added in another order than one run's.
  fileprivate var rounded: LayerSpectrum {
    func rounded(_ value: Double) -> Double { (value * 1e6).rounded() / 1e6 }
    var result = self
    result.effectiveRank = rounded(effectiveRank)
    result.rankMe = rounded(rankMe)
    result.participationRatio = rounded(participationRatio)
    result.anisotropy = anisotropy.map(rounded)
    result.topShare = rounded(topShare)
    result.topTenShare = rounded(topTenShare)
    result.outliers = outliers.map { Outlier(dimension: $0.dimension, share: rounded($0.share)) }
    return result
  }
}

extension LayerStudy {
  /// How the variance of each layer is spread over the compared level's pooled spans: of all of them by their moments,
  /// else of the sample. Anisotropy, which no sum tells, is always the sample's. A layer that has no spectrum, such as
  /// one that does not vary, is left out; its similarities say why.
  func spectra(_ activations: LevelActivations) throws -> [LayerSpectrum] {
    let examples = activations.examples
    let layers = examples.layers.filter { $0 != examples.baseline }
    let moments = activations.spans > examples.items.count ? activations.moments : nil
    return try parallelMap(layers.count, threads: threads) { index -> LayerSpectrum? in
      guard !isCancelled() else { throw StudyError.interrupted }
      let layer = layers[index]
      let states = try examples.states(of: layer)
      do {
        let summed = try moments.flatMap { $0.layers.contains(layer) ? try $0.spectrum(of: layer) : nil }
        let spectrum = try summed ?? Spectrum(of: states)
        return LayerSpectrum(
          spectrum, model: model.name, layer: layer,
          anisotropy: spectrum.anisotropy == nil ? Spectrum.anisotropy(of: states) : nil
        ).rounded
      } catch is SimilarityError {
        return nil
      }
    }.compactMap(\.self)
  }
}
