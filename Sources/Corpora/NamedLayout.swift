import Foundation

/// A corpus as it is handed out, asked for by name: `timit:/data/TIMIT`.
///
/// The name says what must be there, and who speaks; what is missing is refused by its name, where a folder without a
/// name is read as far as it goes. A `corpus.yaml` in the folder still has the last word.
public enum NamedLayout: String, Sendable, CaseIterable {
  case librispeech, timit, commonvoice, buckeye, voxpopuli

  /// For help texts: `librispeech:PATH`, …
  public static var usage: String { allCases.map { "\($0.rawValue):PATH" }.joined(separator: ", ") }

  /// The layout and the path in `librispeech:PATH`; nil where no layout's name stands before a colon, or where a file of
  /// that whole name is there.
  public static func named(in text: String) -> (layout: NamedLayout, path: String)? {
    guard let colon = text.firstIndex(of: ":"), let layout = NamedLayout(rawValue: String(text[..<colon])),
      !FileManager.default.fileExists(atPath: text)
    else { return nil }
    return (layout, String(text[text.index(after: colon)...]))
  }

  /// Something that must be in the folder.
  struct Need {
    let what: String
    let advice: String
    /// Given all paths in the folder, in lower case.
    let isMet: ([String]) -> Bool
  }

  /// In the order in which they are asked for.
  var needs: [Need] {
    switch self {
    case .librispeech:
      [
        Need(
          "recordings called READER-CHAPTER-NUMBER.flac", "unpack a part such as dev-clean.tar.gz into it"
        ) {
          Self.isAudio($0) && Self.stem($0).wholeMatch(of: /\d+-\d+-\d+/) != nil
        },
        Need(
          "alignments (*.alignment.txt, or TextGrids)",
          "LibriSpeech itself has none: unpack LibriSpeech-Alignments into it, or run the Montreal Forced Aligner and put its "
            + "TextGrids there"
        ) { $0.hasSuffix(".alignment.txt") || $0.hasSuffix(".textgrid") },
      ]
    case .timit:
      [
        Need("sentences called SA1.WAV, SI…, SX…", "name the folder that holds TRAIN and TEST") {
          Self.isAudio($0) && Self.stem($0).wholeMatch(of: /s[aix]\d+(\.wav)?/) != nil
        },
        Need("phones (.PHN)", "copy the .PHN files that lie beside the sound on TIMIT's disc") {
          $0.hasSuffix(".phn")
        },
        Need("words (.WRD)", "copy the .WRD files that lie beside the sound on TIMIT's disc") {
          $0.hasSuffix(".wrd")
        },
      ]
    case .commonvoice:
      [
        Need("recordings in clips/", "name a language's folder, such as cv-corpus-17.0/de") {
          Self.isAudio($0) && ($0.hasPrefix("clips/") || $0.contains("/clips/"))
        },
        Need(
          "a list that says who speaks (validated.tsv, train.tsv or other.tsv)", "it is in the same archive"
        ) {
          ["validated.tsv", "train.tsv", "other.tsv"].contains($0)
        },
        Need(
          "labels in time (TextGrids)",
          "Common Voice has sentences only: run the Montreal Forced Aligner over clips/ and put its TextGrids into the folder"
        ) { $0.hasSuffix(".textgrid") },
      ]
    case .buckeye:
      [
        Need("recordings called s0101a.wav", "unpack s01.zip, and each archive in it (s0101a.zip, …)") {
          Self.isAudio($0) && Self.stem($0).wholeMatch(of: /s\d\d\d\d[ab]/) != nil
        },
        Need("phones (.phones)", "they are in the archive of the recording") { $0.hasSuffix(".phones") },
        Need("words (.words)", "they are in the archive of the recording") { $0.hasSuffix(".words") },
      ]
    case .voxpopuli:
      [
        Need(
          "recordings in folders by year (2009/….ogg)",
          "name ROOT/transcribed_data/LANGUAGE, as voxpopuli.get_asr_data makes it"
        ) { Self.isAudio($0) && $0.firstMatch(of: /(^|\/)20\d\d\//) != nil },
        Need(
          "a list that says who speaks (asr_train.tsv, asr_dev.tsv or asr_test.tsv)",
          "voxpopuli.get_asr_data writes it beside the folders"
        ) { Self.splitLists.contains($0) },
        Need(
          "labels in time (TextGrids)",
          "VoxPopuli has texts only: run the Montreal Forced Aligner over the recordings and put its TextGrids into the folder"
        ) { $0.hasSuffix(".textgrid") },
      ]
    }
  }

  private static let splitLists = ["asr_train.tsv", "asr_dev.tsv", "asr_test.tsv"]

  /// Throws `CorpusError.layoutLacks` for the first thing that is not there.
  func require(in folder: String) throws(CorpusError) {
    let names = try FolderWalk.files(in: folder).map { $0.lowercased() }
    for need in needs where !need.isMet(names) {
      throw .layoutLacks(path: folder, layout: rawValue, what: need.what, advice: need.advice)
    }
  }

  /// What is known of it, under what the folder's `corpus.yaml` says.
  func complete(_ settings: CorpusSettings, in folder: String) -> CorpusSettings {
    var settings = settings
    switch self {
    case .librispeech: settings.speaker = settings.speaker ?? .pattern("^([0-9]+)-")
    case .timit: settings.speaker = settings.speaker ?? .level(-1)
    case .buckeye:
      settings.speaker = settings.speaker ?? .pattern("^(s[0-9][0-9])")
      settings.phoneSet = settings.phoneSet ?? .buckeye
    case .commonvoice: settings.speaker = settings.speaker ?? .column("speaker")
    case .voxpopuli:
      settings.speaker = settings.speaker ?? .column("speaker_id")
      settings.sentence = settings.sentence ?? .column("normalized_text")
      if settings.table == nil {
        settings.tables = Self.splitLists.filter {
          FileManager.default.fileExists(atPath: "\(folder)/\($0)")
        }
      }
    }
    return settings
  }

  private static func isAudio(_ name: String) -> Bool { CorpusFolder.audioEnding(name) != nil }

  private static func stem(_ name: String) -> String {
    let last = name.split(separator: "/").last.map(String.init) ?? name
    return CorpusFolder.withoutAudioExtension(last)
  }
}

extension NamedLayout.Need {
  /// `isIt` says of one path whether it is what is needed.
  init(_ what: String, _ advice: String, isIt: @escaping (String) -> Bool) {
    self.init(what: what, advice: advice) { names in names.contains(where: isIt) }
  }
}
