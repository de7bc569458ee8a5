import CHDF5

/// A value beside the arrays.
public enum HDF5Attribute: Sendable, Equatable {
  case text(String)
  case number(Double)

  /// The text; nil of a number.
  public var text: String? { if case .text(let text) = self { text } else { nil } }
  /// The number; nil of a text.
  public var number: Double? { if case .number(let number) = self { number } else { nil } }
}

extension HDF5Attribute {
  /// Bytes of a text that are believed.
  private static let textLimit = 1 << 24

  /// The single-valued attributes of an object that is open.
  static func all(of object: hid_t, path: String, object name: String) throws(HDF5Error) -> [String: Self] {
    let names = Names()
    var index: hsize_t = 0
    let status = H5Aiterate2(
      object, H5_INDEX_NAME, H5_ITER_INC, &index,
      { _, name, _, context in
        guard let name, let context else { return -1 }
        Unmanaged<Names>.fromOpaque(context).takeUnretainedValue().names.append(String(cString: name))
        return 0
      }, Unmanaged.passUnretained(names).toOpaque())
    guard status >= 0 else {
      throw .unreadable(path: path, name: "the attributes of \(name)", reason: HDF5Library.reason)
    }
    var attributes: [String: Self] = [:]
    for attribute in names.names {
      attributes[attribute] = withHDF5(H5Aopen(object, attribute, hid_t(H5P_DEFAULT)), H5Aclose) { id in
        value(of: id)
      }
    }
    return attributes
  }

  private final class Names { var names: [String] = [] }

  /// Nil for lists and for what is neither text nor number.
  private static func value(of attribute: hid_t) -> Self? {
    withHDF5(H5Aget_space(attribute), H5Sclose) { space in
      guard H5Sget_simple_extent_npoints(space) == 1 else { return nil }
      return withHDF5(H5Aget_type(attribute), H5Tclose) { type in
        switch H5Tget_class(type) {
        case H5T_STRING:
          H5Tis_variable_str(type) > 0 ? variableText(attribute, type) : fixedText(attribute, type)
        case H5T_FLOAT, H5T_INTEGER: number(attribute)
        default: nil
        }
      }
    }
  }

  private static func number(_ attribute: hid_t) -> Self? {
    var value = 0.0
    return H5Aread(attribute, strata_h5_double(), &value) >= 0 ? .number(value) : nil
  }

  private static func fixedText(_ attribute: hid_t, _ type: hid_t) -> Self? {
    let size = H5Tget_size(type)
    guard size <= textLimit else { return nil }
    var bytes = [UInt8](repeating: 0, count: size)
    guard H5Aread(attribute, type, &bytes) >= 0 else { return nil }
    return .text(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
  }

  private static func variableText(_ attribute: hid_t, _ stored: hid_t) -> Self? {
    withHDF5(H5Tcopy(stored), H5Tclose) { type in
      var text: UnsafeMutablePointer<CChar>?
      guard H5Aread(attribute, type, &text) >= 0, let text else { return nil }
      defer { H5free_memory(text) }
      return .text(String(cString: text))
    }
  }

  /// Writes a text, as h5py does: of variable length, in UTF-8.
  static func write(_ text: String, named name: String, to object: hid_t) -> Bool {
    let written: Bool? = withHDF5(strata_h5_text(0), H5Tclose) { type in
      withHDF5(H5Screate(H5S_SCALAR), H5Sclose) { space in
        let attribute = H5Acreate2(object, name, type, space, hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT))
        return withHDF5(attribute, H5Aclose) { attribute in
          text.withCString { text in
            var text: UnsafePointer<CChar>? = text
            return H5Awrite(attribute, type, &text) >= 0
          }
        }
      }
    }
    return written ?? false
  }
}
