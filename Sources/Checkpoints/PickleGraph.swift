/// What a pickle describes, as flat tables of nodes that name each other by index.
///
/// A pickle may nest a hundred thousand levels deep, share values and even contain itself. Here that costs no
/// recursion: to let go of the graph is to free a few arrays, and a cycle is only an index that comes again.
struct PickleGraph {
  typealias ID = Int32

  struct Pair {
    let key: ID
    let value: ID
  }

  enum Node {
    case none
    case bool(Bool)
    case integer(Int)
    /// Also a whole number that needs more than 64 bits.
    case number(Double)
    case string(String)
    /// `isText` for the strings of Python 2, whose encoding is not known.
    case bytes([UInt8], isText: Bool)
    case tuple([ID])
    case list([ID])
    case set([ID])
    case dictionary([Pair])
    /// A class or function by its full name; never looked up.
    case global(String)
    /// Indices into the tables below.
    case object(Int)
    case storage(Int)
    case tensor(Int)
    case array(Int)
    /// NumPy's `dtype`, such as "<f4".
    case numpyType(String)
  }

  /// An instance of a class that is not understood: what its pickle says about it, inert.
  struct Object {
    let className: String
    let arguments: ID?
    /// What `BUILD` gave it: for most classes the dictionary of its attributes.
    var state: ID?
    /// What it holds as a subclass of `dict` or `list`.
    var pairs: [Pair] = []
    var elements: [ID] = []
  }

  /// A storage as a tensor names it; its bytes are elsewhere in the file.
  struct StorageReference {
    let key: String
    let type: StorageType
    /// In elements, or in bytes for an untyped storage.
    let count: Int
    /// For the views of storages in very old files: where this one begins in the storage `key`.
    let viewOffset: Int
  }

  enum StorageType: Equatable {
    case typed(ElementType)
    case untyped

    var elementSize: Int { if case .typed(let type) = self { type.size } else { 1 } }
  }

  /// A tensor as a view of a storage; nothing about it has been checked yet.
  struct TensorView {
    let storage: Int
    let type: ElementType
    let offset: Int
    let shape: [Int]
    let strides: [Int]
    /// Whether its values are the negatives of those in the storage.
    var isNegative = false
  }

  /// A NumPy array; blank until `BUILD` has filled it.
  struct NumpyArray {
    var shape: [Int] = []
    var type = ""
    var isFortranOrder = false
    /// The node with its bytes (or, for an array of objects, their list).
    var data: ID?
  }

  var nodes: [Node] = []
  var objects: [Object] = []
  var storages: [StorageReference] = []
  var tensors: [TensorView] = []
  var arrays: [NumpyArray] = []
  /// Every class and function that was named, in order of appearance.
  var globals: [String] = []

  subscript(id: ID) -> Node {
    get { nodes[Int(id)] }
    set { nodes[Int(id)] = newValue }
  }
}

// MARK: - Looking at nodes

extension PickleGraph {
  func text(_ id: ID) -> String? {
    switch self[id] {
    case .string(let value): value
    case .bytes(let value, isText: true): PickleGraph.decode(value)
    default: nil
    }
  }

  /// A whole number; NumPy's and Python's truth values are not.
  func integer(_ id: ID) -> Int? { if case .integer(let value) = self[id] { value } else { nil } }

  func isTrue(_ id: ID) -> Bool {
    switch self[id] {
    case .bool(let value): value
    case .integer(let value): value != 0
    default: false
    }
  }

  func sequence(_ id: ID) -> [ID]? {
    switch self[id] {
    case .tuple(let ids), .list(let ids), .set(let ids): ids
    default: nil
    }
  }

  func integers(_ id: ID) -> [Int]? {
    guard let ids = sequence(id) else { return nil }
    var values: [Int] = []
    values.reserveCapacity(ids.count)
    for id in ids {
      guard let value = integer(id) else { return nil }
      values.append(value)
    }
    return values
  }

  /// A value's attributes or items, where it is something with named parts.
  func pairs(_ id: ID) -> [Pair]? {
    switch self[id] {
    case .dictionary(let pairs): return pairs
    case .object(let index):
      let object = objects[index]
      if !object.pairs.isEmpty { return object.pairs }
      guard let state = object.state else { return nil }
      if case .dictionary(let pairs) = self[state] { return pairs }
      // A class with slots: (attributes, slots).
      guard case .tuple(let parts) = self[state], let first = parts.first,
        case .dictionary(let pairs) = self[first]
      else { return nil }
      return pairs
    default: return nil
    }
  }

  /// The value under the text `key`; where it stands twice the last counts, as in Python.
  func value(_ key: String, in pairs: [Pair]) -> ID? { pairs.last { text($0.key) == key }?.value }

  /// UTF-8 where it is, otherwise Latin-1, which every byte string is.
  static func decode(_ bytes: [UInt8]) -> String {
    String(validating: bytes, as: UTF8.self)
      ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
  }
}
