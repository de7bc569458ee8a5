// What a pickle asks to be called, and what is made of it: a table of the constructors that weights and their
// configuration need, none of which runs code of the file's choosing. Everything else is refused or left inert.

extension PickleMachine {
  /// The result of calling `name` with the tuple `arguments`, as `REDUCE`, `INST` and `OBJ` ask for.
  ///
  /// A class that is not known becomes an inert object. A function that is not known, or anything of the
  /// modules through which a pickle gets at the system, is refused by name.
  mutating func call(_ name: String, _ arguments: ID) throws -> ID {
    guard case .tuple(let values) = graph[arguments] else {
      throw malformed("a call of \(shown(name)) with arguments that are not a tuple", expected: "a tuple")
    }
    if let constructor = PickleMachine.constructors[name] { return try constructor(&self, values) }
    if PickleMachine.inertCallables.contains(name) || PickleMachine.isClass(name) {
      return try inert(name, arguments)
    }
    throw refused(name)
  }

  /// A new object of the class `name`, as `NEWOBJ` asks for.
  mutating func instance(of name: String, _ arguments: ID) throws -> ID {
    guard case .tuple(let values) = graph[arguments] else {
      throw malformed("an object of \(shown(name)) without a tuple of arguments", expected: "a tuple")
    }
    if PickleMachine.plainContainers.contains(name), let constructor = PickleMachine.constructors[name] {
      return try constructor(&self, values)
    }
    guard !PickleMachine.reachesSystem(name) else { throw refused(name) }
    return try inert(name, arguments)
  }

  mutating func inert(_ name: String, _ arguments: ID?) throws -> ID {
    graph.objects.append(.init(className: name, arguments: arguments))
    return try add(.object(graph.objects.count - 1))
  }

  /// Gives `target` the state that `BUILD` carries.
  mutating func build(_ target: ID, _ state: ID) throws {
    switch graph[target] {
    case .object(let index): graph.objects[index].state = state
    case .array(let index): try fill(array: index, state)
    case .numpyType(let code):
      // (version, byte order, …): the order completes the code that the constructor was given.
      guard let order = graph.sequence(state)?.dropFirst().first, let order = graph.text(order) else {
        throw malformed("the state of a numpy.dtype", expected: "version and byte order")
      }
      if order == "<" || order == ">" {
        graph[target] = .numpyType(order + code.drop { "<>=|".contains($0) })
      }
    // Attributes of containers, such as a state dict's `_metadata`, and of tensors are nothing we read.
    case .dictionary, .list, .set, .tensor, .tuple, .string, .integer, .number: break
    default: throw malformed("attributes for something that has none", expected: "an object")
    }
  }
}

// MARK: - What is called by whom

extension PickleMachine {
  typealias Constructor = @Sendable (inout PickleMachine, [ID]) throws -> ID

  /// Whether the name says "class" (its last part begins with a capital) and not of a module that must not be
  /// reached. It decides between an inert object and a refusal: neither classes nor functions are ever run.
  static func isClass(_ name: String) -> Bool {
    guard !reachesSystem(name), let last = name.split(separator: ".").last, let first = last.first else {
      return false
    }
    return first.isUppercase || last.hasPrefix("_") && last.drop { $0 == "_" }.first?.isUppercase == true
  }

  static func reachesSystem(_ name: String) -> Bool {
    systemModules.contains(String(name.prefix { $0 != "." }))
  }

  /// Whether a name is one that weights and configurations ordinarily use.
  static func isKnown(_ name: String) -> Bool {
    constructors[name] != nil || inertCallables.contains(name) || knownClasses.contains(name)
      || storageType(name) != nil || elementType(name) != nil
      || ["omegaconf.", "torch.nn.", "typing."].contains { name.hasPrefix($0) }
  }

  private static let knownClasses: Set<String> = [
    "builtins.bool", "builtins.float", "builtins.int", "builtins.str", "__builtin__.bool",
    "__builtin__.float",
    "__builtin__.int", "__builtin__.long", "__builtin__.str", "__builtin__.unicode", "numpy.ndarray",
    "torch.Tensor",
  ]

  /// Modules of Python's library that run code, open files or reach other modules.
  static let systemModules: Set<String> = [
    "__builtin__", "__builtins__", "_io", "_pickle", "_posixsubprocess", "_winapi", "asyncio", "atexit",
    "bdb", "builtins", "cProfile", "cloudpickle", "code", "codeop", "commands", "concurrent", "ctypes",
    "dill",
    "distutils", "doctest", "ensurepip", "ftplib", "gc", "http", "imaplib", "imp", "importlib", "inspect",
    "io",
    "joblib", "linecache", "marshal", "mmap", "multiprocessing", "nt", "ntpath", "operator", "os", "pdb",
    "pickle",
    "pip", "pkgutil", "popen2", "poplib", "posix", "posixpath", "profile", "pty", "pydoc", "requests",
    "runpy", "setuptools", "shelve", "shutil", "signal", "smtplib", "socket", "socketserver",
    "sqlite3", "ssl", "subprocess", "sys", "telnetlib", "tempfile", "threading", "timeit",
    "types", "unittest", "urllib", "urllib2", "venv", "webbrowser", "xmlrpc", "zipimport",
  ]

  /// Callables that only make values, of classes written in small letters.
  static let inertCallables: Set<String> = Set(
    ["builtins", "__builtin__"].flatMap { module in
      ["complex", "slice", "range", "xrange", "object"].map { "\(module).\($0)" }
    } + [
      "datetime.date", "datetime.datetime", "datetime.time", "datetime.timedelta", "datetime.timezone",
      "functools.partial",
    ])

  /// Classes whose attributes are a configuration and nothing else.
  static let namespaces: Set<String> = ["argparse.Namespace", "types.SimpleNamespace"]

  /// Classes that `NEWOBJ` may also name.
  static let plainContainers: Set<String> = [
    "collections.OrderedDict", "collections.defaultdict", "collections.Counter", "builtins.dict",
    "builtins.list",
    "builtins.set", "builtins.frozenset", "builtins.tuple", "torch.Size", "types.SimpleNamespace",
  ]

  static let constructors: [String: Constructor] = {
    var table: [String: Constructor] = [:]
    for module in ["builtins", "__builtin__"] {
      table["\(module).dict"] = { try $0.dictionary(from: $1.last) }
      table["\(module).list"] = { try $0.list(from: $1.last) }
      table["\(module).tuple"] = { try $0.tuple(from: $1.last) }
      table["\(module).set"] = { try $0.set(from: $1.last) }
      table["\(module).frozenset"] = { try $0.set(from: $1.last) }
      table["\(module).bytearray"] = { try $0.byteString(from: $1) }
      table["\(module).bytes"] = { try $0.byteString(from: $1) }
    }
    table["collections.OrderedDict"] = { try $0.dictionary(from: $1.last) }
    table["collections.Counter"] = { try $0.dictionary(from: $1.last) }
    table["collections.defaultdict"] = { try $0.dictionary(from: $1.count > 1 ? $1[1] : nil) }
    table["_codecs.encode"] = { try $0.byteString(from: $1) }
    for name in namespaces { table[name] = { try $0.inert(name, $1.first) } }
    for module in ["copyreg", "copy_reg"] {
      table["\(module)._reconstructor"] = { try $0.reconstructed($1) }
      table["\(module).__newobj__"] = { try $0.reconstructed($1) }
    }
    for module in ["pathlib", "pathlib._local"] {
      for name in ["Path", "PosixPath", "PurePath", "PurePosixPath", "PureWindowsPath", "WindowsPath"] {
        table["\(module).\(name)"] = { try $0.joinedPath($1) }
      }
    }
    table["torch.Size"] = { try $0.tuple(from: $1.last) }
    table["torch.device"] = { try $0.device($1) }
    table["torch.serialization._get_layout"] = { machine, values in
      try machine.argument(values, 0, of: "torch.serialization._get_layout")
    }
    for (name, constructor) in torchConstructors { table[name] = constructor }
    for (name, constructor) in numpyConstructors { table[name] = constructor }
    return table
  }()
}

// MARK: - Python's own containers

extension PickleMachine {
  func argument(_ values: [ID], _ index: Int, of name: String) throws -> ID {
    guard values.indices.contains(index) else {
      throw malformed("a call of \(name) with \(values.count) arguments", expected: "more")
    }
    return values[index]
  }

  private mutating func dictionary(from source: ID?) throws -> ID {
    guard let source else { return try add(.dictionary([])) }
    if let pairs = graph.pairs(source) {
      try pay(pairs.count)
      return try add(.dictionary(pairs))
    }
    guard let items = graph.sequence(source) else {
      throw malformed("a dictionary made of something else", expected: "pairs")
    }
    try pay(items.count)
    var pairs: [PickleGraph.Pair] = []
    pairs.reserveCapacity(items.count)
    for item in items {
      guard let pair = graph.sequence(item), pair.count == 2 else {
        throw malformed("a dictionary's item that is no pair", expected: "a key and a value")
      }
      pairs.append(.init(key: pair[0], value: pair[1]))
    }
    return try add(.dictionary(pairs))
  }

  private mutating func elements(of source: ID?) throws -> [ID] {
    guard let source else { return [] }
    guard let items = graph.sequence(source) else {
      throw malformed("a container made of something that is none", expected: "a list or tuple")
    }
    try pay(items.count)
    return items
  }

  private mutating func list(from source: ID?) throws -> ID { try add(.list(try elements(of: source))) }
  private mutating func tuple(from source: ID?) throws -> ID { try add(.tuple(try elements(of: source))) }
  private mutating func set(from source: ID?) throws -> ID { try add(.set(try elements(of: source))) }

  /// Bytes given as such, or as text whose characters stand for them (Latin-1), as protocol 2 writes them.
  private mutating func byteString(from values: [ID]) throws -> ID {
    guard let first = values.first else { return try add(.bytes([], isText: false)) }
    switch graph[first] {
    case .bytes(let bytes, _):
      try pay(bytes.count)
      return try add(.bytes(bytes, isText: false))
    case .string(let text):
      try pay(text.utf8.count)
      if values.count > 1, let encoding = graph.text(values[1]), encoding.hasPrefix("utf") {
        return try add(.bytes(Array(text.utf8), isText: false))
      }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(text.utf8.count)
      for scalar in text.unicodeScalars {
        guard let byte = UInt8(exactly: scalar.value) else {
          throw malformed("a character beyond Latin-1 where bytes are meant", expected: "Latin-1")
        }
        bytes.append(byte)
      }
      return try add(.bytes(bytes, isText: false))
    default:
      throw malformed("bytes made of something else", expected: "bytes or text")
    }
  }

  /// `(class, base, base's state)`: protocols 0 and 1 make objects so.
  private mutating func reconstructed(_ values: [ID]) throws -> ID {
    guard case .global(let name) = graph[try argument(values, 0, of: "copyreg._reconstructor")] else {
      throw malformed("an object without a class", expected: "one")
    }
    return try instance(of: name, try add(.tuple([])))
  }

  private mutating func joinedPath(_ values: [ID]) throws -> ID {
    let parts = values.compactMap { graph.text($0) }
    let length = parts.reduce(0) { $0 + $1.utf8.count }
    try pay(length)
    let joined = parts.joined(separator: "/")
    return try add(.string(joined.hasPrefix("//") ? String(joined.dropFirst()) : joined))
  }

  private mutating func device(_ values: [ID]) throws -> ID {
    guard let name = graph.text(try argument(values, 0, of: "torch.device")) else {
      throw malformed("a device that is not text", expected: "its name")
    }
    try pay(name.utf8.count)
    let index = values.count > 1 ? graph.integer(values[1]) : nil
    return try add(.string(index.map { "\(name):\($0)" } ?? name))
  }
}
