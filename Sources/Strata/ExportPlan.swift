import Activations
import Audio
import Foundation
import Models

/// What an export will write, known from the recordings' headers alone.
public struct ExportPlan: Sendable {
  /// One recording of an export.
  public struct Recording: Sendable, Equatable {
    /// The recording's path.
    public let path: String
    /// What tells it from the others; nil where there is one only.
    public let stem: String?
    /// Its length in seconds, from its header.
    public let seconds: Double
  }

  /// The recordings in the order in which they are written.
  public let recordings: [Recording]
  /// The path of the file.
  public let output: String
  /// The format of the file.
  public let format: ActivationFormat
  /// About what the file will take; exact for models whose frames follow from their convolutions.
  public let bytes: Int

  /// The length of all recordings in seconds.
  public var seconds: Double { recordings.reduce(0) { $0 + $1.seconds } }

  /// `Writing about 1.2 GB: 3 layers of 125 recordings (5.9 min)`
  public func summary(layers: Int) -> String {
    let minutes = String(format: "%.1f min", seconds / 60)
    let count = recordings.count == 1 ? "1 recording" : "\(recordings.count) recordings"
    let what = layers == 1 ? "1 layer" : "\(layers) layers"
    return "Writing about \(Self.size(bytes)): \(what) of \(count) (\(minutes))"
  }

  /// Throws where the disk has too little room; an npz archive needs it twice for a moment.
  func requireRoom() throws(ExportError) {
    let folder = URL(filePath: output).deletingLastPathComponent().path
    guard
      let free = (try? FileManager.default.attributesOfFileSystem(forPath: folder))?[.systemFreeSize]
        as? Int
    else { return }
    let needed = format == .npz ? 2 * bytes : bytes
    guard needed <= free else { throw .noRoom(path: output, needed: needed, free: free) }
  }

  /// `1.2 GB`, in powers of ten.
  public static func size(_ bytes: Int) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB"]
    var (value, unit) = (Double(bytes), 0)
    while value >= 999.5, unit + 1 < units.count { (value, unit) = (value / 1000, unit + 1) }
    return unit == 0 || value >= 99.5
      ? "\(Int(value.rounded())) \(units[unit])" : String(format: "%.1f \(units[unit])", value)
  }
}

extension ActivationExport {
  /// Looks at the recordings' headers; a folder stands for all recordings in it.
  /// - Throws: `ExportError` where there are no recordings or the ending says no format, `AudioError` for a broken
  ///   header.
  public func plan(_ recordings: [String], to output: String) throws -> ExportPlan {
    guard let format = format ?? ActivationFormat(endingOf: output) else {
      throw ExportError.unknownFormat(path: output)
    }
    let found = try recordings.flatMap(Self.recordings(at:))
    let planned = try zip(found, Self.stems(of: found)).map { file, stem in
      ExportPlan.Recording(
        path: file.path, stem: stem, seconds: try Waveform.header(file.path).seconds ?? 0)
    }
    return ExportPlan(
      recordings: planned, output: output, format: format,
      bytes: planned.reduce(0) { $0 + bytes(ofSeconds: $1.seconds) })
  }

  private func bytes(ofSeconds seconds: Double) -> Int {
    let samples = Int(seconds * Double(model.samplingRate))
    func frames(_ tap: TapPoint) -> Int { tap.timing?.frames(forSamples: samples) ?? 0 }
    let isAttention = Set(model.attentionTaps.map(\.name))
    return wanted.reduce(0) { sum, tap in
      sum + 4 * tap.width * frames(tap) * (isAttention.contains(tap.name) ? frames(tap) : 1)
    }
  }

  /// A recording, with its name below the folder that was given.
  struct Found: Equatable {
    let path: String
    let name: String
    let isInFolder: Bool
  }

  static func recordings(at path: String) throws -> [Found] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      return [Found(path: path, name: stem(path), isInFolder: false)]
    }
    let names = try FileManager.default.subpathsOfDirectory(atPath: path).sorted().filter { name in
      Corpus.audioEndings.contains(URL(filePath: name).pathExtension.lowercased())
        && !name.split(separator: "/").contains { $0.hasPrefix(".") }
    }
    guard !names.isEmpty else { throw ExportError.noRecordings(path: path) }
    return names.map { Found(path: path + "/" + $0, name: stem($0), isInFolder: true) }
  }

  /// Nil for a single recording; else its path below its folder, or for files named one by one the stem, with as
  /// many folders before it as tell it from others.
  static func stems(of recordings: [Found]) -> [String?] {
    if recordings.count == 1, let only = recordings.first, !only.isInFolder { return [nil] }
    func short(_ recording: Found, _ parts: Int) -> String {
      recording.isInFolder
        ? recording.name : recording.name.split(separator: "/").suffix(parts).joined(separator: "/")
    }
    var parts = recordings.map { _ in 1 }
    for _ in 0..<16 {
      let names = zip(recordings, parts).map(short)
      var paths: [String: Set<String>] = [:]
      for (name, recording) in zip(names, recordings) { paths[name, default: []].insert(recording.path) }
      guard paths.values.contains(where: { $0.count > 1 }) else { break }
      for (index, name) in names.enumerated() where paths[name, default: []].count > 1 { parts[index] += 1 }
    }
    // The same recording again has a number.
    var seen: [String: Int] = [:]
    return zip(recordings, parts).map(short).map { name in
      seen[name, default: 0] += 1
      return seen[name] == 1 ? name : "\(name)-\(seen[name] ?? 0)"
    }
  }

  private static func stem(_ path: String) -> String {
    let ending = URL(filePath: path).pathExtension
    return ending.isEmpty ? path : String(path.dropLast(ending.count + 1))
  }
}
