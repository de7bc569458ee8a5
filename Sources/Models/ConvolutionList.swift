import Checkpoints

/// fairseq's `conv_feature_layers`: `[(channels, kernel, stride), …]`, or the Python expression that it evaluates to
/// get there, such as `[(512,10,5)] + [(512,3,2)] * 4 + [(512,2,2)] * 2`.
///
/// Only lists of triples of whole numbers, `+` and `* n` are read; nothing is evaluated but these.
struct ConvolutionList {
  /// Triples, at most `limit` of them.
  private(set) var layers: [[Int]] = []
  static let limit = 16

  private enum Token: Equatable {
    case number(Int)
    case sign(Character)
  }

  init(_ value: MetadataValue, path: String) throws {
    func refusal() -> ModelError {
      .configuration(
        path: path, key: "conv_feature_layers", found: ConfigurationReader.words(value),
        expected: "1 to \(Self.limit) layers, such as [(512,10,5)] + [(512,3,2)] * 4")
    }
    if let list = value.list {
      layers = list.compactMap { $0.list?.compactMap(\.integer) }
      guard layers.count == list.count else { throw refusal() }
    } else {
      guard let text = value.string, text.utf8.count < 2048, var tokens = Self.tokens(text)?[...],
        let sum = Self.sum(&tokens), tokens.isEmpty
      else { throw refusal() }
      layers = sum
    }
    guard (1...Self.limit).contains(layers.count), layers.allSatisfy({ $0.count == 3 }) else {
      throw refusal()
    }
  }

  /// nil where there is anything else than numbers, brackets, commas and the two operators.
  private static func tokens(_ text: String) -> [Token]? {
    var tokens: [Token] = []
    var rest = text[...]
    while let first = rest.first {
      if first.isWhitespace {
        rest.removeFirst()
      } else if "[](),+*".contains(first) {
        tokens.append(.sign(rest.removeFirst()))
      } else {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits) else { return nil }
        tokens.append(.number(number))
        rest = rest.dropFirst(digits.count)
      }
    }
    return tokens
  }

  /// `list * n + list + …`
  private static func sum(_ tokens: inout ArraySlice<Token>) -> [[Int]]? {
    var sum: [[Int]] = []
    repeat {
      guard let list = list(&tokens) else { return nil }
      var count = 1
      if take("*", &tokens) {
        guard case .number(let times)? = tokens.popFirst(), times <= limit else { return nil }
        count = times
      }
      for _ in 0..<count where sum.count <= limit { sum += list }
    } while take("+", &tokens)
    return sum
  }

  /// `[(a, b, c), …]`
  private static func list(_ tokens: inout ArraySlice<Token>) -> [[Int]]? {
    guard take("[", &tokens) else { return nil }
    var list: [[Int]] = []
    while !take("]", &tokens) {
      guard take("(", &tokens), list.count < limit else { return nil }
      var triple: [Int] = []
      repeat {
        guard case .number(let number)? = tokens.popFirst(), triple.count < 3 else { return nil }
        triple.append(number)
      } while take(",", &tokens)
      guard take(")", &tokens) else { return nil }
      list.append(triple)
      guard take(",", &tokens) || tokens.first == .sign("]") else { return nil }
    }
    return list
  }

  private static func take(_ sign: Character, _ tokens: inout ArraySlice<Token>) -> Bool {
    guard tokens.first == .sign(sign) else { return false }
    tokens.removeFirst()
    return true
  }
}
