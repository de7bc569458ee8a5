import ArgumentParser

/// The values of a parsed command by the names that its options have on the command line, without those that are not
/// set and those that only say how the work is done and shown.
///
/// The options are found by reflection, so that one added later is among them by itself.
struct OptionValues {
  private(set) var values: [(name: String, value: Any)] = []

  /// What changes nothing in a result: where inputs and outputs lie (their content counts), and what is written beside it.
  static let changingNothing: Set<String> = [
    "model", "models", "audio", "shards", "corpus", "demo", "output", "store", "shard", "tensorboard",
    "training", "png", "pdf", "dry-run", "config", "architecture", "adapter", "map", "force",
  ]

  init(_ command: some ParsableArguments) {
    for child in Mirror(reflecting: command).children {
      guard let label = child.label?.drop(while: { $0 == "_" }) else { continue }
      if let group = child.value as? any AnyOptionGroup {
        let arguments = group.arguments
        let isOfTheWork =
          arguments is RunningOptions || arguments is ShowingOptions || arguments is ForceOption
        if !isOfTheWork { values += OptionValues(arguments).values }
      } else if let value = Self.value(of: child.value) {
        let name = label.reduce(into: "") { $0 += $1.isUppercase ? "-\($1.lowercased())" : String($1) }
        values.append((name, value))
      }
    }
  }

  private static func value(of wrapper: Any) -> Any? {
    switch wrapper {
    case let option as Argument<String>: option.wrappedValue
    case let option as Option<String>: option.wrappedValue
    case let option as Option<String?>: option.wrappedValue
    case let option as Option<Int>: option.wrappedValue
    case let option as Option<Int?>: option.wrappedValue
    case let option as Option<UInt64>: option.wrappedValue
    case let option as Option<Double>: option.wrappedValue
    case let option as Option<Double?>: option.wrappedValue
    case let option as Option<[String]>:
      option.wrappedValue.isEmpty ? nil : option.wrappedValue.joined(separator: ",")
    case let option as Flag<Bool>: option.wrappedValue ? true : nil
    case let option as Flag<Bool?>: option.wrappedValue
    case let option as any NamedOption: option.text
    default: nil
    }
  }
}

/// A group of options, whatever they are.
protocol AnyOptionGroup {
  var arguments: any ParsableArguments { get }
}

extension OptionGroup: AnyOptionGroup {
  var arguments: any ParsableArguments { wrappedValue }
}

/// An option whose value is one of several names.
protocol NamedOption {
  var text: String? { get }
}

extension Option: NamedOption {
  var text: String? {
    let value: Any = wrappedValue
    if let named = value as? any RawRepresentable { return "\(named.rawValue)" }
    guard let optional = Mirror(reflecting: value).children.first?.value as? any RawRepresentable else {
      return nil
    }
    return "\(optional.rawValue)"
  }
}
