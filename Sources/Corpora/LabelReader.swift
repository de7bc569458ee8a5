/// A reader of one label format.
public protocol LabelReader: Sendable {
  /// The recordings that a file labels: one without a name for formats that label the file of their own
  /// name, and one per named recording where a file can hold many (CTM, MLF).
  ///
  /// Throws `CorpusError` with the file and the line for anything that is not the format.
  func recordings(in text: LabelText) throws(CorpusError) -> [LabelledRecording]
}

/// The tiers of one recording in a label file.
public struct LabelledRecording: Sendable, Equatable {
  /// The recording's name, where the file gives one.
  public var name: String?
  /// The tiers, in the order of the file.
  public var tiers: [Tier]
  /// Seconds of each media file, by its name, at which the labels' time is 0 (ELAN's TIME_ORIGIN).
  public var mediaOrigins: [String: Double] = [:]
  /// What its owner should know of what was read, such as words without times.
  public var remarks: [String]

  public init(name: String? = nil, tiers: [Tier], remarks: [String] = []) {
    self.name = name
    self.tiers = tiers
    self.remarks = remarks
  }

  /// The origin in one audio file: its own by name (whatever its ending), else the one that all media share.
  func mediaOrigin(of audio: String) -> Double? {
    func stem(_ path: String) -> String {
      let file = path.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? path
      return (file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file).lowercased()
    }
    let own = mediaOrigins.filter { stem($0.key) == stem(audio) }.map(\.value)
    let all = Set(mediaOrigins.values)
    return Set(own).count == 1 ? own.first : all.count == 1 ? all.first : nil
  }
}
