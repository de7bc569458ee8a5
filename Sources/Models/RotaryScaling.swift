#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension ConfigurationReader {
  /// The angles of a position where `rope_parameters` stretch them for longer inputs than a model was first trained on;
  /// as `positions` has them where they do not.
  func rotaryRates(_ kind: String, _ positions: RotaryPositions) throws -> [Double]? {
    let half = (positions.turned ?? positions.headSize) / 2
    let rates = positions.rates ?? (0..<half).map { pow(positions.base, -Double($0) / Double(half)) }
    switch kind {
    case "default": return positions.rates
    case "linear":
      let factor = try number("factor", 1e-6...1e6, default: 1)
      return rates.map { $0 / factor }
    case "llama3":
      let factor = try number("factor", 1e-6...1e6, default: 8)
      let (low, high) = (
        try number("low_freq_factor", 1e-6...1e6, default: 1),
        try number("high_freq_factor", 1e-6...1e6, default: 4)
      )
      let trained = Double(
        try integer("original_max_position_embeddings", 1...(1 << 30), default: 8192))
      return rates.map { rate in
        // How often a pair turns over the length that the model was trained on.
        let turns = trained * rate / (2 * .pi)
        if turns < low { return rate / factor }
        if turns > high { return rate }
        let smooth = (turns - low) / (high - low)
        return (1 - smooth) * rate / factor + smooth * rate
      }
    default:
      throw ModelError.configuration(
        path: path, key: "rope_type", found: "\"\(kind)\"", expected: "default, linear or llama3")
    }
  }
}
