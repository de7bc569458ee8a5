/// Turns what a pickle says beside the tensors into plain values.
///
/// Values that are shared in the pickle are written out each time they occur, and a value may contain itself:
/// depth and number are therefore bounded, and what lies beyond is given as opaque.
final class MetadataConverter {
  typealias ID = PickleGraph.ID

  static let depthLimit = 64
  static let valueLimit = 200_000
  /// NumPy arrays up to this many values become lists.
  static let arrayLimit = 4096

  private let graph: PickleGraph
  private var remaining = MetadataConverter.valueLimit

  init(_ graph: PickleGraph) { self.graph = graph }

  /// The value; a tensor in it is given as opaque.
  func value(_ id: ID) -> MetadataValue { convert(id, depth: 0, withoutTensors: false) ?? .null }

  /// The value with its tensors left out, or nil where nothing else is in it.
  func value(_ id: ID, withoutTensors: Bool) -> MetadataValue? {
    convert(id, depth: 0, withoutTensors: withoutTensors)
  }

  private func convert(_ id: ID, depth: Int, withoutTensors: Bool) -> MetadataValue? {
    remaining -= 1
    guard remaining >= 0, depth < Self.depthLimit else { return .opaque(className: "…") }
    let below = { self.convert($0, depth: depth + 1, withoutTensors: withoutTensors) }
    switch self.graph[id] {
    case .none: return .null
    case .bool(let value): return .bool(value)
    case .integer(let value): return .integer(value)
    case .number(let value): return .number(value)
    case .string(let value): return .string(value)
    case .bytes(let value, let isText):
      return isText ? .string(PickleGraph.decode(value)) : .opaque(className: "bytes")
    case .tuple(let items), .list(let items), .set(let items): return list(items, below)
    case .dictionary(let pairs): return dictionary(pairs, below)
    case .global(let name):
      return PickleMachine.elementType(name) != nil ? .string(name) : .opaque(className: shown(name))
    case .object(let index): return object(graph.objects[index], id, below)
    case .array(let index): return withoutTensors ? nil : array(graph.arrays[index])
    case .tensor: return withoutTensors ? nil : .opaque(className: "torch.Tensor")
    case .storage: return .opaque(className: "torch.Storage")
    case .numpyType(let code): return .string(code)
    }
  }

  private func list(_ items: [ID], _ below: (ID) -> MetadataValue?) -> MetadataValue? {
    let values = items.prefix(max(0, remaining)).compactMap(below)
    return values.isEmpty && !items.isEmpty ? nil : .list(values)
  }

  private func dictionary(_ pairs: [PickleGraph.Pair], _ below: (ID) -> MetadataValue?) -> MetadataValue? {
    var values: [String: MetadataValue] = [:]
    for pair in pairs.prefix(max(0, remaining)) {
      guard let key = key(pair.key), let value = below(pair.value) else { continue }
      values[key] = value
    }
    return values.isEmpty && !pairs.isEmpty ? nil : .dictionary(values)
  }

  private func key(_ id: ID) -> String? {
    switch graph[id] {
    case .integer(let value): String(value)
    case .number(let value): String(value)
    case .bool(let value): value ? "True" : "False"
    case .none: "None"
    default: graph.text(id)
    }
  }

  private func object(
    _ object: PickleGraph.Object, _ id: ID, _ below: (ID) -> MetadataValue?
  ) -> MetadataValue? {
    if PickleMachine.namespaces.contains(object.className) {
      return dictionary(graph.pairs(id) ?? [], below)
    }
    // omegaconf wraps every value: containers keep theirs under `_content`, leaves under `_val`.
    if object.className.hasPrefix("omegaconf."), let pairs = graph.pairs(id),
      let inner = graph.value("_content", in: pairs) ?? graph.value("_val", in: pairs)
    {
      return below(inner)
    }
    if !object.pairs.isEmpty { return dictionary(object.pairs, below) }
    if !object.elements.isEmpty { return list(object.elements, below) }
    return .opaque(className: shown(object.className))
  }

  private func array(_ array: PickleGraph.NumpyArray) -> MetadataValue {
    guard let type = NumpyType(array.type), !type.isBigEndian, type.element.isReadable,
      let data = array.data,
      case .bytes(let bytes, _) = graph[data], bytes.count <= Self.arrayLimit * type.element.size
    else { return .opaque(className: "numpy.ndarray") }
    let size = type.element.size
    return bytes.withUnsafeBytes { bytes in
      .list(
        stride(from: 0, through: bytes.count - size, by: size).map { offset in
          type.element.integer(bytes, at: offset).map { .integer($0) }
            ?? .number(type.element.double(bytes, at: offset))
        })
    }
  }
}
