/// Which program made the entries of `hidden_states` that layers are, so that one name means one value wherever layers are
/// compared: what the last entry is hangs on the family and, for some, on the version.
///
/// Seen with transformers 4.57.6 and 5.24.0: until 5.15 the last entry of wav2vec2, HuBERT and WavLM with blocks that
/// normalise first was the final norm's output (`final_norm` here); since 5.16 it is what leaves the last block
/// (`hidden.N`). Whisper's last entry is the final norm's output in all versions.
public struct LayerOrigin: Sendable, Equatable {
  /// Where a block normalises: before its attention and feed-forward parts, or behind them.
  public enum Norm: String, Sendable, CaseIterable { case first, last }

  /// The version's first two numbers.
  public var version: [Int]
  /// The model type of transformers, such as `hubert`.
  public var modelType: String
  /// Whether blocks normalise first (`do_stable_layer_norm`) or last.
  public var norm: Norm?

  static let known = ["wav2vec2", "hubert", "wavlm", "whisper"]

  init(version: [Int], modelType: String, norm: Norm? = nil) {
    self.version = version
    self.modelType = modelType
    self.norm = norm
  }

  /// `5.16` or `4.57.6`; nil for anything else.
  static func version(_ text: String) -> [Int]? {
    let parts = text.split(separator: ".").map { Int($0) }
    guard parts.count >= 2, let first = parts[0], let second = parts[1], first >= 0, second >= 0 else {
      return nil
    }
    return [first, second]
  }

  /// What Strata calls each of `layers`: the last of `hidden.0` … `hidden.N` may be another value.
  func names(of layers: [String], path: String) throws(ImportError) -> [String: String] {
    let numbers = layers.compactMap { $0.hasPrefix("hidden.") ? Int($0.dropFirst("hidden.".count)) : nil }
    guard let last = numbers.max() else { return [:] }
    func wrong(_ key: String, _ found: String, _ expected: String) -> ImportError {
      .badSetting(path: path, line: nil, key: key, found: found, expected: expected)
    }
    let isFinalNorm: Bool
    switch modelType {
    case "whisper": isFinalNorm = true
    case "wav2vec2", "hubert", "wavlm":
      let isOld = version.lexicographicallyPrecedes([5, 16])
      guard let norm = norm ?? (isOld ? nil : .last) else {
        throw wrong(
          "norm", "nothing",
          "first or last: before transformers 5.16 the last entry of a \(modelType) whose blocks normalise first "
            + "(do_stable_layer_norm: true in its config.json) is the final norm's output")
      }
      isFinalNorm = isOld && norm == .first
    default:
      throw wrong(
        "model_type", modelType,
        Self.known.joined(separator: ", ") + "; for other models name each layer under `layers`")
    }
    return isFinalNorm ? ["hidden.\(last)": "final_norm"] : [:]
  }
}
