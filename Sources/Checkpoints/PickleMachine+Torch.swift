// Tensors as PyTorch pickles them: a persistent identifier names a storage, and a rebuilding function the view
// of it (torch/_utils.py and torch/serialization.py of PyTorch 1.0 to 2.8).

extension PickleMachine {
  static let torchConstructors: [String: Constructor] = {
    var table: [String: Constructor] = [:]
    for name in ["_rebuild_tensor", "_rebuild_tensor_v2"] {
      table["torch._utils.\(name)"] = { try $0.tensor($1, type: nil) }
    }
    table["torch._utils._rebuild_tensor_v3"] = { machine, values in
      let type = try machine.argument(values, 6, of: "_rebuild_tensor_v3")
      guard case .global(let name) = machine.graph[type], let type = elementType(name) else {
        throw machine.malformed("a tensor without a type", expected: "a torch.dtype")
      }
      return try machine.tensor(values, type: type)
    }
    for name in [
      "_rebuild_parameter", "_rebuild_parameter_with_state", "_rebuild_device_tensor_from_numpy",
      "_rebuild_device_tensor_from_cpu_tensor", "_rebuild_xla_tensor",
    ] {
      // The value comes first; what follows says how it was trained or where it was.
      table["torch._utils.\(name)"] = { try $0.existing($1, of: name) }
    }
    for name in unreadTensors.keys { table[name] = { try $0.inert(name, $0.add(.tuple($1))) } }
    for module in ["torch._tensor", "torch.tensor"] {
      table["\(module)._rebuild_from_type_v2"] = { try $0.rebuiltSubclass($1) }
      table["\(module)._rebuild_from_type"] = { try $0.rebuiltSubclass($1) }
    }
    return table
  }()

  /// Functions that rebuild tensors of other kinds: those are named and passed over.
  static let unreadTensors: [String: String] = [
    "torch._utils._rebuild_sparse_tensor": "sparse", "torch._utils._rebuild_sparse_csr_tensor": "sparse",
    "torch._utils._rebuild_nested_tensor": "nested", "torch._utils._rebuild_qtensor": "quantised",
    "torch._utils._rebuild_meta_tensor_no_storage": "meta",
    wrapping: "wrapped",
  ]
  private static let wrapping = "torch._utils._rebuild_wrapper_subclass"

  /// What an object is called that stands for a tensor of a library's own class.
  private static func wrapped(_ className: String) -> String { "\(wrapping) of \(className)" }

  /// The kind of an object that stands for a tensor which is not read; nil of any other object. A library's own class of
  /// tensors is the kind itself.
  static func unreadKind(_ className: String) -> String? {
    let prefix = wrapped("")
    if className.hasPrefix(prefix) { return String(className.dropFirst(prefix.count)) }
    return className.hasPrefix("torch.distributed._shard.") ? className : unreadTensors[className]
  }

  static func elementType(_ name: String) -> ElementType? {
    guard name.hasPrefix("torch.") else { return nil }
    return torchTypes[String(name.dropFirst(6))]
  }

  private static let torchTypes: [String: ElementType] = [
    "float32": .float32, "float": .float32, "float16": .float16, "half": .float16, "bfloat16": .bfloat16,
    "float64": .float64, "double": .float64, "bool": .bool, "uint8": .uint8, "int8": .int8,
    "uint16": .uint16, "int16": .int16, "short": .int16, "uint32": .uint32, "int32": .int32, "int": .int32,
    "uint64": .uint64, "int64": .int64, "long": .int64, "complex64": .complex64, "complex128": .complex128,
    "float8_e4m3fn": .float8E4M3, "float8_e5m2": .float8E5M2, "float8_e8m0fnu": .float8E8M0,
    "float8_e4m3fnuz": .float8E4M3FNUZ, "float8_e5m2fnuz": .float8E5M2FNUZ,
  ]

  static func storageType(_ name: String) -> PickleGraph.StorageType? {
    guard name.hasPrefix("torch."), name.hasSuffix("Storage") else { return nil }
    // "torch.FloatStorage", "torch.cuda.FloatStorage", "torch.storage.UntypedStorage".
    let last = name.dropLast(7).split(separator: ".").last.map(String.init) ?? ""
    return storageTypes[last]
  }

  private static let storageTypes: [String: PickleGraph.StorageType] = [
    "Float": .typed(.float32), "Half": .typed(.float16), "BFloat16": .typed(.bfloat16),
    "Double": .typed(.float64),
    "Bool": .typed(.bool), "Byte": .typed(.uint8), "Char": .typed(.int8), "Short": .typed(.int16),
    "Int": .typed(.int32), "Long": .typed(.int64), "ComplexFloat": .typed(.complex64),
    "ComplexDouble": .typed(.complex128), "Untyped": .untyped,
    // Of quantised tensors, which are passed over.
    "QInt8": .typed(.int8), "QUInt8": .typed(.uint8), "QInt32": .typed(.int32), "QUInt4x2": .typed(.uint8),
    "QUInt2x4": .typed(.uint8),
  ]

  /// `('storage', type, key, location, count)`, with a view `(key, offset, count)` at the end in old files.
  mutating func storage(_ identifier: ID) throws -> ID {
    guard case .tuple(let parts) = graph[identifier], let kind = parts.first.flatMap({ graph.text($0) })
    else {
      throw malformed("a persistent identifier that is no tuple", expected: "a storage")
    }
    // Very old files carry the source of their classes along; what is meant is the class.
    if kind == "module", parts.count >= 2 { return parts[1] }
    guard kind == "storage", parts.count >= 5, case .global(let typeName) = graph[parts[1]],
      let key = graph.text(parts[2]), let count = graph.integer(parts[4])
    else { throw malformed("a broken persistent identifier", expected: "a storage's type, key and size") }
    guard let type = PickleMachine.storageType(typeName) else {
      throw unsupported(
        "the storage type \(shown(typeName))", advice: "Convert the tensor to float32 and save it again.")
    }
    var reference = PickleGraph.StorageReference(key: key, type: type, count: count, viewOffset: 0)
    if parts.count > 5, let view = graph.sequence(parts[5]) {
      guard view.count == 3, let offset = graph.integer(view[1]), let viewCount = graph.integer(view[2]),
        offset >= 0, viewCount >= 0, offset <= count, viewCount <= count - offset
      else { throw malformed("a view that reaches outside its storage", expected: "one inside") }
      reference = .init(key: key, type: type, count: viewCount, viewOffset: offset)
    }
    guard reference.count >= 0 else {
      throw malformed("a storage of \(count) values", expected: "0 or more")
    }
    graph.storages.append(reference)
    return try add(.storage(graph.storages.count - 1))
  }

  /// `(storage, offset, size, stride, …)`; `type` where the storage does not know it.
  private mutating func tensor(_ values: [ID], type: ElementType?) throws -> ID {
    guard values.count >= 4, case .storage(let storage) = graph[values[0]],
      let offset = graph.integer(values[1]), let shape = graph.integers(values[2]),
      let strides = graph.integers(values[3])
    else { throw malformed("a tensor with broken arguments", expected: "storage, offset, size and stride") }
    try pay(shape.count + strides.count)
    let elementType: ElementType
    switch (type, graph.storages[storage].type) {
    case (let type?, _): elementType = type
    case (nil, .typed(let type)): elementType = type
    case (nil, .untyped): throw malformed("a tensor of an untyped storage", expected: "a torch.dtype")
    }
    // (…, requires_grad, hooks, metadata), the last where a bit of the view is set.
    let metadata = values.count > 6 && type == nil ? graph.pairs(values[6]) : nil
    func isSet(_ key: String) -> Bool {
      metadata.flatMap { graph.value(key, in: $0) }.map { graph.isTrue($0) } ?? false
    }
    if isSet("conj"), elementType != .complex64, elementType != .complex128 {
      throw malformed("a conjugate of real numbers", expected: "complex numbers")
    }
    graph.tensors.append(
      .init(
        storage: storage, type: elementType, offset: offset, shape: shape, strides: strides,
        isNegative: isSet("neg")))
    return try add(.tensor(graph.tensors.count - 1))
  }

  private mutating func existing(_ values: [ID], of name: String) throws -> ID {
    let value = try argument(values, 0, of: name)
    switch graph[value] {
    case .tensor, .array: return value
    case .object(let index) where PickleMachine.unreadKind(graph.objects[index].className) != nil:
      return value
    default: throw malformed("\(name) of something that is no tensor", expected: "a tensor")
    }
  }

  /// `(function, class, arguments, state)`: a subclass of Tensor; the function must be one of the above.
  private mutating func rebuiltSubclass(_ values: [ID]) throws -> ID {
    guard values.count >= 3, case .global(let function) = graph[values[0]],
      case .tuple(let arguments) = graph[values[2]]
    else {
      throw malformed("a tensor subclass with broken arguments", expected: "function, class, arguments")
    }
    if function == PickleMachine.wrapping, case .global(let className) = graph[values[1]] {
      return try inert(PickleMachine.wrapped(className), add(.tuple(arguments)))
    }
    guard function.hasPrefix("torch._utils."), let constructor = PickleMachine.torchConstructors[function]
    else {
      throw refused(function)
    }
    return try constructor(&self, arguments)
  }
}
