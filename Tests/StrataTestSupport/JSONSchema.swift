import Foundation

/// The part of JSON Schema 2020-12 that the published schemas use: type, properties, required, additionalProperties,
/// items, enum, const, minimum, maxItems, anyOf and $ref to $defs, of other files of the folder too. Another keyword is an
/// error, so that a schema cannot say what the test does not check.
public struct JSONSchema {
  struct Unknown: Error { var keyword: String }

  private let root: [String: Any]
  private let folder: URL
  private static let known: Set<String> = [
    "$schema", "$defs", "$ref", "title", "description", "type", "properties", "required",
    "additionalProperties", "items", "enum", "const", "minimum", "maximum", "maxItems", "anyOf",
  ]

  public init(contentsOf file: URL) throws {
    folder = file.deletingLastPathComponent()
    root = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any] ?? [:]
  }

  /// The schema `schemas/NAME.schema.json`.
  public init(published name: String) throws {
    try self.init(contentsOf: URL(filePath: Repository.path("schemas/\(name).schema.json")))
  }

  /// What is wrong with the JSON, a line each; empty where it is valid.
  public func faults(in data: Data) throws -> [String] {
    try faults(JSONSerialization.jsonObject(with: data), root, at: "")
  }

  private func faults(_ value: Any, _ schema: [String: Any], at place: String) throws -> [String] {
    if let unknown = schema.keys.first(where: { !Self.known.contains($0) }) {
      throw Unknown(keyword: unknown)
    }
    var faults: [String] = []
    func fault(_ words: String) { faults.append("\(place.isEmpty ? "top" : place): \(words)") }
    if let reference = schema["$ref"] as? String {
      let parts = reference.components(separatedBy: "#/$defs/")
      let file = parts[0].isEmpty ? self : try JSONSchema(contentsOf: folder.appending(path: parts[0]))
      let definition =
        parts.count == 1 ? file.root : (file.root["$defs"] as? [String: Any])?[parts[1]] as? [String: Any]
      guard let definition else { throw Unknown(keyword: reference) }
      faults += try file.faults(value, definition, at: place)
    }
    if let choices = schema["anyOf"] as? [[String: Any]] {
      let tried = try choices.map { try self.faults(value, $0, at: place) }
      if !tried.contains(where: \.isEmpty) { faults += tried.min { $0.count < $1.count } ?? [] }
    }
    let types = (schema["type"] as? [String]) ?? (schema["type"] as? String).map { [$0] } ?? []
    if !types.isEmpty, !types.contains(where: { Self.isType($0, value) }) {
      fault("not of type \(types.joined(separator: " or "))")
    }
    if let allowed = schema["enum"] as? [String], !allowed.contains(value as? String ?? "") {
      fault("not one of the values allowed")
    }
    if let only = schema["const"] as? Int, value as? Int != only { fault("not \(only)") }
    if let least = schema["minimum"] as? Double, let number = value as? Double, number < least {
      fault("below \(least)")
    }
    if let most = schema["maximum"] as? Double, let number = value as? Double, number > most {
      fault("above \(most)")
    }
    if let most = schema["maxItems"] as? Int, let array = value as? [Any], array.count > most {
      fault("more than \(most) items")
    }
    if let items = schema["items"] as? [String: Any], let array = value as? [Any] {
      for (index, item) in array.enumerated() {
        faults += try self.faults(item, items, at: "\(place)[\(index)]")
      }
    }
    if let others = schema["additionalProperties"] as? [String: Any], let object = value as? [String: Any] {
      for (name, child) in object.sorted(by: { $0.key < $1.key }) {
        faults += try self.faults(child, others, at: place.isEmpty ? name : "\(place).\(name)")
      }
    }
    if let properties = schema["properties"] as? [String: Any], let object = value as? [String: Any] {
      for name in schema["required"] as? [String] ?? [] where object[name] == nil {
        fault("\(name) is missing")
      }
      for (name, child) in object.sorted(by: { $0.key < $1.key }) {
        if let property = properties[name] as? [String: Any] {
          faults += try self.faults(child, property, at: place.isEmpty ? name : "\(place).\(name)")
        } else if schema["additionalProperties"] as? Bool == false {
          fault("\(name) is not known")
        }
      }
    }
    return faults
  }

  private static func isType(_ type: String, _ value: Any) -> Bool {
    let number = value as? NSNumber
    let isBoolean = number.map(isTruthValue) ?? false
    switch type {
    case "object": return value is [String: Any]
    case "array": return value is [Any]
    case "string": return value is String
    case "null": return value is NSNull
    case "boolean": return isBoolean
    case "number": return number != nil && !isBoolean
    case "integer":
      guard let number, !isBoolean else { return false }
      return number.doubleValue == number.doubleValue.rounded()
    default: return false
    }
  }

  /// Whether the number was spelt `true` or `false`.
  private static func isTruthValue(_ number: NSNumber) -> Bool {
    String(cString: number.objCType) == "c"
  }
}
