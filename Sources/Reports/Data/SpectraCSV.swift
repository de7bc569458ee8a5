import Results

/// `spectra.csv`: how each layer's variance is spread, a layer a row.
enum SpectraCSV {
  static func text(of spectra: [LayerSpectrum]) -> String {
    CSV.text(
      columns: [
        "model", "layer", "rows", "width", "effective_rank", "rankme", "participation_ratio", "anisotropy",
        "top_share", "top_10_share", "outlier_dimensions", "dead_dimensions",
      ],
      rows: spectra.map { spectrum in
        [spectrum.model, spectrum.layer, "\(spectrum.rows)", "\(spectrum.width)"]
          + [
            spectrum.effectiveRank, spectrum.rankMe, spectrum.participationRatio, spectrum.anisotropy,
            spectrum.topShare, spectrum.topTenShare,
          ].map(NumberText.data)
          + [
            spectrum.outliers.map { "\($0.dimension)" }.joined(separator: " "),
            spectrum.dead.map { "\($0)" }.joined(separator: " "),
          ]
      })
  }
}
