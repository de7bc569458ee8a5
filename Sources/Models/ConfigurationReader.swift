import Checkpoints

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Reads settings from a configuration's tree, each within bounds that any real model keeps: what a hostile file
/// says is refused before it becomes a size.
struct ConfigurationReader {
  let path: String
  let values: MetadataValue

  private func refused(_ key: String, _ found: MetadataValue, _ expected: String) -> ModelError {
    .configuration(path: path, key: key, found: Self.words(found), expected: expected)
  }

  /// The value under `key` where it is there and not null.
  private func value(_ key: String) -> MetadataValue? {
    let value = values[key]
    return value == .null ? nil : value
  }

  /// Whether the key is there and not null.
  func has(_ key: String) -> Bool { value(key) != nil }

  /// Rotary positions as transformers' `rope_parameters` tell of them, or the keys before version 5. `part` is the share
  /// of a head that is turned where nothing says.
  func rotary(headSize: Int, part: Double = 1, base: Double = 10_000) throws -> RotaryPositions {
    let inner = ConfigurationReader(
      path: path, values: values["rope_parameters"] ?? values["rope_scaling"] ?? .null)
    let kind = inner.values["rope_type"]?.string ?? inner.values["type"]?.string ?? "default"
    let share = try inner.number(
      "partial_rotary_factor", 0...1, default: try number("partial_rotary_factor", 0...1, default: part))
    let theta = try inner.number(
      "rope_theta", 1...1e12, default: try number("rope_theta", 1...1e12, default: base))
    guard var positions = RotaryPositions(headSize: headSize, share: share, base: theta) else {
      throw ModelError.configuration(
        path: path, key: "partial_rotary_factor", found: "\(share) of heads of \(headSize)",
        expected: "an even number of turned values")
    }
    positions.rates = try inner.rotaryRates(kind, positions)
    return positions
  }

  func integer(_ key: String, _ range: ClosedRange<Int>, default fallback: Int) throws -> Int {
    guard let value = value(key) else { return fallback }
    guard let number = value.integer, range.contains(number) else {
      throw refused(key, value, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// nil where the value is left out or null.
  func integerIfThere(_ key: String, _ range: ClosedRange<Int>) throws -> Int? {
    value(key) == nil ? nil : try integer(key, range, default: range.lowerBound)
  }

  func integers(
    _ key: String, _ range: ClosedRange<Int>, count: ClosedRange<Int>, default fallback: [Int]
  ) throws -> [Int] {
    guard let value = value(key) else { return fallback }
    let numbers = value.list?.compactMap(\.integer) ?? []
    guard numbers.count == value.list?.count, count.contains(numbers.count),
      numbers.allSatisfy(range.contains)
    else {
      throw refused(
        key, value,
        "\(count.lowerBound) to \(count.upperBound) whole numbers from \(range.lowerBound) to \(range.upperBound)"
      )
    }
    return numbers
  }

  func number(_ key: String, _ range: ClosedRange<Double>, default fallback: Double) throws -> Double {
    guard let value = value(key) else { return fallback }
    guard let number = value.number, range.contains(number) else {
      throw refused(key, value, "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func bool(_ key: String, default fallback: Bool) throws -> Bool {
    guard let value = value(key) else { return fallback }
    guard let bool = value.bool else { throw refused(key, value, "true or false") }
    return bool
  }

  /// One of the words that `choose` knows.
  func choice<T>(
    _ key: String, default fallback: String, _ expected: String, _ choose: (String) -> T?
  ) throws -> T {
    let value = value(key) ?? .string(fallback)
    guard let choice = value.string.flatMap(choose) else { throw refused(key, value, expected) }
    return choice
  }

  /// A value for an error's words, short.
  static func words(_ value: MetadataValue) -> String {
    let words =
      switch value {
      case .null: "null"
      case .bool(let value): "\(value)"
      case .integer(let value): "\(value)"
      case .number(let value): "\(value)"
      case .string(let value): "\"\(value)\""
      case .list(let values): "[\(values.prefix(10).map(Self.words).joined(separator: ", "))]"
      case .dictionary(let values): "a dictionary of \(values.count)"
      case .opaque(let className): "a \(className)"
      }
    return words.count > 80 ? words.prefix(80) + "…" : words
  }
}
