/// Runs a pickle's instructions, as far as they build tensors and containers. Nothing is imported or called:
/// classes are names, and `PickleCalls` knows the few constructors that data need.
///
/// The instructions are those of Python's `pickletools`, protocols 0 to 5. Memory stays within a small multiple
/// of the bytes read: every length is compared with what is left, every instruction makes at most one node, and
/// whatever copies an existing container is paid for from a budget.
struct PickleMachine {
  typealias ID = PickleGraph.ID

  /// More nodes than any real checkpoint has (a model of 10,000 tensors with its optimiser has 400,000).
  static let nodeLimit = 4_000_000

  let bytes: UnsafeRawBufferPointer
  let path: String
  /// Where the pickle stands, for errors: "data.pkl".
  let place: String
  var position: Int
  var graph = PickleGraph()
  private(set) var stack: [ID] = []
  private var marks: [Int] = []
  private var memo: [Int: ID] = [:]
  /// How many elements may still be copied out of containers.
  private var budget: Int
  private var instruction = 0

  /// `start` is the first byte of the pickle, which lasts until its STOP.
  init(_ bytes: UnsafeRawBufferPointer, from start: Int = 0, path: String, place: String) {
    self.bytes = bytes
    self.path = path
    self.place = place
    position = start
    budget = 4 * (bytes.count - start) + 4096
  }

  /// Runs until STOP; `position` then stands behind it. The memo and stack start anew, the graph grows on.
  mutating func run() throws -> ID {
    stack.removeAll()
    marks.removeAll()
    memo.removeAll()
    while true {
      instruction = position
      let code = try byte()
      guard let operation = PickleOperation(rawValue: code) else {
        throw malformed("the unknown instruction \(JSONParser.printable(code))", expected: "a pickle")
      }
      if operation == .stop { return try pop() }
      guard stack.count < Self.nodeLimit else {
        throw CheckpointError.limit(
          path: path, place: "\(place), values on the stack", found: stack.count, limit: Self.nodeLimit)
      }
      try execute(operation)
    }
  }
}

// MARK: - Errors and limits

extension PickleMachine {
  func malformed(_ found: String, expected: String) -> CheckpointError {
    .malformed(path: path, place: "\(place), byte \(instruction)", found: found, expected: expected)
  }

  func refused(_ name: String) -> CheckpointError {
    .refusedCall(path: path, name: shown(name), place: "\(place), byte \(instruction),")
  }

  func unsupported(_ found: String, advice: String) -> CheckpointError {
    .unsupported(path: path, place: "\(place), byte \(instruction)", found: found, advice: advice)
  }

  /// Pays for copying `count` elements. Without it, a short pickle that copies a long list again and again
  /// would take time and memory in the square of its length.
  mutating func pay(_ count: Int) throws {
    budget -= count
    guard budget >= 0 else {
      throw malformed("containers copied over and over", expected: "each value once")
    }
  }

  mutating func add(_ node: PickleGraph.Node) throws -> ID {
    guard graph.nodes.count < Self.nodeLimit else {
      throw CheckpointError.limit(
        path: path, place: "\(place), number of values", found: graph.nodes.count + 1, limit: Self.nodeLimit
      )
    }
    graph.nodes.append(node)
    return ID(graph.nodes.count - 1)
  }
}

// MARK: - Reading

extension PickleMachine {
  private mutating func byte() throws -> UInt8 {
    guard position < bytes.count else { throw ended(needed: 1) }
    defer { position += 1 }
    return bytes[position]
  }

  private func ended(needed: Int) -> CheckpointError {
    .truncated(
      path: path, place: "\(place), byte \(instruction),", needed: needed, available: bytes.count - position
    )
  }

  private mutating func number<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
    guard bytes.count - position >= MemoryLayout<T>.size else { throw ended(needed: MemoryLayout<T>.size) }
    defer { position += MemoryLayout<T>.size }
    return bytes.number(at: position)
  }

  /// The next `count` bytes; a count beyond the end is refused before anything is made of it.
  private mutating func take(_ count: some FixedWidthInteger) throws -> UnsafeRawBufferPointer {
    guard let count = Int(exactly: count), count >= 0, count <= bytes.count - position else {
      throw ended(needed: Int(clamping: count))
    }
    defer { position += count }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)])
  }

  /// The text up to the next line end, which is passed.
  mutating func line() throws -> UnsafeRawBufferPointer {
    let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
    guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { throw ended(needed: rest.count + 1) }
    position += end + 1
    return UnsafeRawBufferPointer(rebasing: rest[..<end])
  }

  mutating func lineText() throws -> String { String(decoding: try line(), as: UTF8.self) }
}

// MARK: - The stack

extension PickleMachine {
  mutating func push(_ node: PickleGraph.Node) throws { stack.append(try add(node)) }

  mutating func push(_ id: ID) { stack.append(id) }

  mutating func pop() throws -> ID {
    guard stack.count > (marks.last ?? 0) else {
      throw malformed("an instruction that takes a value from an empty stack", expected: "a value")
    }
    return stack.removeLast()
  }

  private func top() throws -> ID {
    guard stack.count > (marks.last ?? 0), let top = stack.last else {
      throw malformed("an instruction that needs a value on an empty stack", expected: "a value")
    }
    return top
  }

  /// Everything above the last mark, which is removed.
  private mutating func popToMark() throws -> [ID] {
    guard let mark = marks.popLast() else { throw malformed("no mark on the stack", expected: "one") }
    let values = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return values
  }

  private mutating func pairsToMark() throws -> [PickleGraph.Pair] {
    let values = try popToMark()
    guard values.count.isMultiple(of: 2) else {
      throw malformed("a key without a value", expected: "keys and values in turn")
    }
    return stride(from: 0, to: values.count, by: 2).map { .init(key: values[$0], value: values[$0 + 1]) }
  }

  private mutating func remember(_ slot: Int) throws { memo[slot] = try top() }

  private mutating func recall(_ slot: Int) throws {
    guard let id = memo[slot] else {
      throw malformed("a reference to memo slot \(slot), which was never filled", expected: "a filled one")
    }
    stack.append(id)
  }
}

// MARK: - Instructions

extension PickleMachine {
  private mutating func execute(_ operation: PickleOperation) throws {
    switch operation {
    case .stop: break
    case .proto:
      let version = try byte()
      guard version <= 5 else {
        throw unsupported("pickle protocol \(version)", advice: "Save it with protocol 5 or lower.")
      }
    case .frame: _ = try number(UInt64.self)
    case .mark: marks.append(stack.count)
    case .pop: if stack.count == (marks.last ?? -1) { marks.removeLast() } else { _ = try pop() }
    case .popMark: _ = try popToMark()
    case .duplicate: push(try top())

    case .none: try push(.none)
    case .newTrue: try push(.bool(true))
    case .newFalse: try push(.bool(false))
    case .binInt1: try push(.integer(Int(try byte())))
    case .binInt2: try push(.integer(Int(try number(UInt16.self))))
    case .binInt: try push(.integer(Int(try number(Int32.self))))
    case .int: try pushIntegerLine()
    case .long: try pushIntegerLine()
    case .long1: try push(PickleMachine.integer(try take(try byte())))
    case .long4: try push(PickleMachine.integer(try take(try number(Int32.self))))
    case .float:
      let text = try lineText()
      guard let value = Double(text) else {
        throw malformed("the number \(shown(text))", expected: "a float")
      }
      try push(.number(value))
    case .binFloat: try push(.number(Double(bitPattern: try number(UInt64.self).byteSwapped)))

    case .string: try push(.bytes(try quotedLine(), isText: true))
    case .shortBinString: try push(.bytes(Array(try take(try byte())), isText: true))
    case .binString: try push(.bytes(Array(try take(try number(Int32.self))), isText: true))
    case .unicode: try push(.string(PickleMachine.unescaped(try line())))
    case .shortBinUnicode: try pushText(try take(try byte()))
    case .binUnicode: try pushText(try take(try number(UInt32.self)))
    case .binUnicode8: try pushText(try take(try number(UInt64.self)))
    case .shortBinBytes: try push(.bytes(Array(try take(try byte())), isText: false))
    case .binBytes: try push(.bytes(Array(try take(try number(UInt32.self))), isText: false))
    case .binBytes8, .byteArray8: try push(.bytes(Array(try take(try number(UInt64.self))), isText: false))

    case .emptyTuple: try push(.tuple([]))
    case .tuple: try push(.tuple(try popToMark()))
    case .tuple1: try push(.tuple([try pop()]))
    case .tuple2:
      let second = try pop()
      try push(.tuple([try pop(), second]))
    case .tuple3:
      let (third, second) = (try pop(), try pop())
      try push(.tuple([try pop(), second, third]))
    case .emptyList: try push(.list([]))
    case .list: try push(.list(try popToMark()))
    case .emptyDict: try push(.dictionary([]))
    case .dict: try push(.dictionary(try pairsToMark()))
    case .emptySet: try push(.set([]))
    case .frozenSet: try push(.set(try popToMark()))
    case .append: try append([try pop()])
    case .appends, .addItems: try append(try popToMark())
    case .setItem:
      let value = try pop()
      try set([.init(key: try pop(), value: value)])
    case .setItems: try set(try pairsToMark())

    case .get: try recall(try slotLine())
    case .binGet: try recall(Int(try byte()))
    case .longBinGet: try recall(Int(try number(UInt32.self)))
    case .put: try remember(try slotLine())
    case .binPut: try remember(Int(try byte()))
    case .longBinPut: try remember(Int(try number(UInt32.self)))
    case .memoize: try remember(memo.count)

    case .global:
      let module = try lineText()
      try pushGlobal(module, try lineText())
    case .stackGlobal:
      let name = try pop()
      guard let module = graph.text(try pop()), let name = graph.text(name) else {
        throw malformed("a class whose name is not text", expected: "module and name")
      }
      try pushGlobal(module, name)
    case .instance:
      let module = try lineText()
      let name = "\(module).\(try lineText())"
      graph.globals.append(name)
      push(try call(name, try add(.tuple(try popToMark()))))
    case .object:
      let values = try popToMark()
      guard let first = values.first else { throw malformed("no class", expected: "one") }
      push(try call(try className(first), try add(.tuple(Array(values.dropFirst())))))
    case .reduce:
      let arguments = try pop()
      push(try call(try className(try pop()), arguments))
    case .newObject:
      let arguments = try pop()
      push(try instance(of: try className(try pop()), arguments))
    case .newObjectWithKeywords:
      _ = try pop()
      let arguments = try pop()
      push(try instance(of: try className(try pop()), arguments))
    case .build:
      let state = try pop()
      try build(try top(), state)
    case .binPersistentID: push(try storage(try pop()))
    case .persistentID:
      throw malformed("a persistent identifier in text", expected: "a storage")
    case .extension1, .extension2, .extension4:
      throw unsupported(
        "Python's extension registry", advice: "Save the state dict alone, best as safetensors.")
    case .nextBuffer, .readOnlyBuffer:
      throw unsupported("out-of-band data", advice: "Save the state dict alone, best as safetensors.")
    }
  }

  private func className(_ id: ID) throws -> String {
    guard case .global(let name) = graph[id] else {
      throw malformed("a call of something that is not a class", expected: "a class")
    }
    return name
  }

  private mutating func pushGlobal(_ module: String, _ name: String) throws {
    let full = "\(module).\(name)"
    graph.globals.append(full)
    try push(.global(full))
  }

  private mutating func append(_ values: [ID]) throws {
    let target = try top()
    switch graph[target] {
    case .list(var items):
      graph[target] = .none  // The array is held once only, so that appending does not copy it.
      items.append(contentsOf: values)
      graph[target] = .list(items)
    case .set(var items):
      graph[target] = .none
      items.append(contentsOf: values)
      graph[target] = .set(items)
    case .object(let index): graph.objects[index].elements.append(contentsOf: values)
    default: throw malformed("items for something that holds none", expected: "a list or set")
    }
  }

  private mutating func set(_ pairs: [PickleGraph.Pair]) throws {
    let target = try top()
    switch graph[target] {
    case .dictionary(var items):
      graph[target] = .none
      items.append(contentsOf: pairs)
      graph[target] = .dictionary(items)
    case .object(let index): graph.objects[index].pairs.append(contentsOf: pairs)
    default: throw malformed("keys for something that has none", expected: "a dictionary")
    }
  }
}
