import Foundation
import Corpora

/// The readers of labels, one target for each format, and `corpus`: settings, table and TextGrid of a folder, with
/// `%%%` between them.
let labelTargets: [String: Target] = {
  var targets: [String: Target] = ["corpus": load]
  for format in LabelFormat.allCases {
    // The first byte chooses an ending, since readers take a tier's name from it.
    targets[format.rawValue] = { bytes in
      let endings = [".txt", ".PHN", ".WRD", ".words.ctm", ".phones.lab"]
      read(Array(bytes.dropFirst()), "a" + endings[Int(bytes.first ?? 0) % endings.count], format)
    }
  }
  return targets
}()

/// Reads the bytes as labels; errors are what is hoped for.
private func read(_ bytes: [UInt8], _ path: String, _ format: LabelFormat) {
  do {
    let recordings = try LabelFile.recordings(try LabelText(bytes, path: path), format: format)
    for tier in recordings.flatMap(\.tiers) {
      _ = PhoneSet.recognise(Dictionary(tier.intervals.map { ($0.label, 1) }, uniquingKeysWith: +))
      let phones = tier.intervals.prefix(200).map(\.label)
      for set in PhoneSet.allCases { _ = Syllabifier(set).syllables(of: phones) }
    }
  } catch { _ = "\(error)" }
}

/// Loads the bytes as a corpus of two recordings.
private func load(_ bytes: [UInt8]) {
  let folder = NSTemporaryDirectory() + "strata-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
  let files = FileManager.default
  defer { try? files.removeItem(atPath: folder) }
  var parts: [Data] = [Data()]
  var rest = Data(bytes)
  while parts.count < 3, let mark = rest.range(of: Data("%%%\n".utf8)) {
    parts[parts.count - 1] = rest[..<mark.lowerBound]
    rest = Data(rest[mark.upperBound...])
    parts.append(Data())
  }
  parts[parts.count - 1] = rest
  do {
    try files.createDirectory(atPath: folder + "/x", withIntermediateDirectories: true)
    for (name, data) in zip(["corpus.yaml", "utterances.tsv"], parts) {
      try data.write(to: URL(filePath: folder + "/" + name))
    }
    for name in ["an_1", "x/bo_1"] {
      try Data().write(to: URL(filePath: folder + "/\(name).wav"))
      try (parts.count > 2 ? parts[2] : Data()).write(to: URL(filePath: folder + "/\(name).TextGrid"))
    }
    let corpus = try Corpus.load(folder) { $0.hasSuffix("an_1.wav") ? 1 : nil }
    for level in Level.allCases { _ = Vocabulary(of: level, in: corpus.utterances).summary }
    _ = try SplitPlan.make(for: corpus, seed: 1)
    _ = "\(corpus.issues)"
  } catch { _ = "\(error)" }
}
