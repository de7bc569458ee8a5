import CXML2
import Foundation

/// Walks through the elements of an XML file in their order, by libxml2, with everything off that reaches outside of it
/// or lets a small file grow large: no document type, hence no entities but XML's own five, no network, and libxml2's
/// limits of depth and of the length of names and texts.
final class XMLWalk {
  enum Event: Equatable {
    case start(name: String, attributes: [String: String])
    case text(String)
    case end(name: String)
  }

  let path: String
  private let copy: UnsafeMutableBufferPointer<CChar>
  private let reader: xmlTextReaderPtr
  private var pending: Event?
  /// The line of the last event.
  private(set) var line = 1

  /// - Throws: `CorpusError.unexpected` for a file with a document type, `.tooLarge`.
  init(_ text: LabelText) throws(CorpusError) {
    path = text.path
    if let line = Self.line(of: "<!DOCTYPE", in: text.bytes) {
      throw .unexpected(
        path: path, line: line, expected: "no document type, which label files do not need",
        found: "“<!DOCTYPE”")
    }
    guard let size = Int32(exactly: text.bytes.count) else {
      throw .tooLarge(path: path, bytes: text.bytes.count, limit: Int(Int32.max))
    }
    xmlInitParser()
    // The reader does not copy the text.
    copy = .allocate(capacity: text.bytes.count)
    _ = copy.initialize(from: text.bytes.lazy.map { CChar(bitPattern: $0) })
    let options = [XML_PARSE_NONET, XML_PARSE_NOERROR, XML_PARSE_NOWARNING, XML_PARSE_BIG_LINES]
      .reduce(Int32(0)) { $0 | Int32($1.rawValue) }
    xmlResetLastError()
    guard let reader = xmlReaderForMemory(copy.baseAddress, size, nil, "UTF-8", options) else {
      copy.deallocate()
      throw .unreadable(path: path, reason: "libxml2 has no memory for it")
    }
    self.reader = reader
  }

  deinit {
    xmlFreeTextReader(reader)
    copy.deallocate()
  }

  /// The next event; nil at the end. - Throws: `CorpusError.unexpected` where the file is not well formed.
  func next() throws(CorpusError) -> Event? {
    if let pending {
      self.pending = nil
      return pending
    }
    while true {
      switch xmlTextReaderRead(reader) {
      case 0: return nil
      case 1: if let event = event() { return event }
      default: throw malformed()
      }
    }
  }

  /// Reads on to the end of the element that has just begun. - Returns: The text in it.
  func textToEnd() throws(CorpusError) -> String {
    var (text, depth) = ("", 1)
    while depth > 0, let event = try next() {
      switch event {
      case .start: depth += 1
      case .text(let more): text += more
      case .end: depth -= 1
      }
    }
    return text
  }

  private func event() -> Event? {
    if let node = xmlTextReaderCurrentNode(reader) { line = max(1, xmlGetLineNo(node)) }
    switch UInt32(bitPattern: xmlTextReaderNodeType(reader)) {
    case XML_READER_TYPE_ELEMENT.rawValue:
      let name = string(xmlTextReaderConstLocalName(reader))
      // An empty element has no end of its own.
      if xmlTextReaderIsEmptyElement(reader) == 1 { pending = .end(name: name) }
      return .start(name: name, attributes: attributes())
    case XML_READER_TYPE_END_ELEMENT.rawValue:
      return .end(name: string(xmlTextReaderConstLocalName(reader)))
    case XML_READER_TYPE_TEXT.rawValue, XML_READER_TYPE_CDATA.rawValue,
      XML_READER_TYPE_SIGNIFICANT_WHITESPACE.rawValue:
      return .text(string(xmlTextReaderConstValue(reader)))
    default:
      return nil
    }
  }

  private func attributes() -> [String: String] {
    var attributes: [String: String] = [:]
    while xmlTextReaderMoveToNextAttribute(reader) == 1 {
      attributes[string(xmlTextReaderConstLocalName(reader))] = string(xmlTextReaderConstValue(reader))
    }
    _ = xmlTextReaderMoveToElement(reader)
    return attributes
  }

  private func string(_ text: UnsafePointer<xmlChar>?) -> String {
    text.map { String(cString: $0) } ?? ""
  }

  private func malformed() -> CorpusError {
    let error = xmlGetLastError()?.pointee
    let message = error?.message.map { String(cString: $0).trimmingCharacters(in: .whitespacesAndNewlines) }
    return .unexpected(
      path: path, line: max(1, Int(error?.line ?? Int32(xmlTextReaderGetParserLineNumber(reader)))),
      expected: "well-formed XML", found: "a fault: \((message ?? "it cannot be parsed").prefix(120))")
  }

  private static func line(of word: String, in bytes: [UInt8]) -> Int? {
    guard let place = bytes.firstRange(of: Array(word.utf8))?.lowerBound else { return nil }
    return 1 + bytes[..<place].count { $0 == 10 }
  }
}
