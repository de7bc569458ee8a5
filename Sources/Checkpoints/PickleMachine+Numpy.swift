// NumPy's scalars and arrays as they are pickled by versions 1 and 2 (numpy/core/src/multiarray/methods.c).

extension PickleMachine {
  static let numpyConstructors: [String: Constructor] = {
    var table: [String: Constructor] = [:]
    table["numpy.dtype"] = { machine, values in
      guard let code = machine.graph.text(try machine.argument(values, 0, of: "numpy.dtype")) else {
        throw machine.malformed("a numpy.dtype without a code", expected: "its name")
      }
      try machine.pay(code.utf8.count)
      return try machine.add(.numpyType(code))
    }
    for module in ["numpy.core", "numpy._core"] {
      table["\(module).multiarray._reconstruct"] = { machine, _ in
        machine.graph.arrays.append(.init())
        return try machine.add(.array(machine.graph.arrays.count - 1))
      }
      table["\(module).multiarray.scalar"] = { try $0.numpyScalar($1) }
      table["\(module).numeric._frombuffer"] = { try $0.numpyFromBuffer($1) }
    }
    return table
  }()

  /// `(version, shape, type, column-major?, bytes)`.
  mutating func fill(array index: Int, _ state: ID) throws {
    guard let parts = graph.sequence(state), parts.count >= 5, let shape = graph.integers(parts[1]),
      case .numpyType(let type) = graph[parts[2]]
    else { throw malformed("the state of a numpy array", expected: "shape, type, order and bytes") }
    try pay(shape.count)
    graph.arrays[index] = .init(
      shape: shape, type: type, isFortranOrder: graph.isTrue(parts[3]), data: parts[4])
  }

  /// `(buffer, type, shape, order)`: protocol 5 with the bytes in place.
  private mutating func numpyFromBuffer(_ values: [ID]) throws -> ID {
    guard values.count >= 4, case .numpyType(let type) = graph[values[1]],
      let shape = graph.integers(values[2])
    else {
      throw malformed("a numpy array with broken arguments", expected: "bytes, type, shape and order")
    }
    try pay(shape.count)
    graph.arrays.append(
      .init(shape: shape, type: type, isFortranOrder: graph.text(values[3]) == "F", data: values[0]))
    return try add(.array(graph.arrays.count - 1))
  }

  /// `(type, bytes)`: a number is read, other scalars stay inert.
  private mutating func numpyScalar(_ values: [ID]) throws -> ID {
    guard values.count >= 2, case .numpyType(let code) = graph[values[0]] else {
      throw malformed("a numpy scalar without a type", expected: "type and bytes")
    }
    guard case .bytes(let bytes, _) = graph[values[1]], let type = NumpyType(code), !type.isBigEndian,
      type.element.isReadable, bytes.count == type.element.size
    else { return try inert("numpy.scalar", nil) }
    return try bytes.withUnsafeBytes { bytes in
      if type.element == .bool { return try add(.bool(bytes[0] != 0)) }
      if type.element.isInteger, let value = type.element.integer(bytes, at: 0) {
        return try add(.integer(value))
      }
      return try add(.number(type.element.double(bytes, at: 0)))
    }
  }
}
