/// Recordings or texts with labels, read from a folder or a file.
public struct Corpus: Sendable {
  /// Its folder's or file's name.
  public let name: String
  /// The path that it was read from.
  public let path: String
  /// In the order of their ids.
  public let utterances: [Utterance]
  /// The labels that stand for silence, lower-cased.
  public let silenceLabels: Set<String>
  /// What is odd or wrong with the folder, in the order of the files.
  public let issues: [CorpusIssue]
  /// Whether its owner says which channel is heard, be it the mean of all.
  public let statesChannel: Bool
  /// The kinds of audio files that were found, with how many there are of each.
  public let audioKinds: [AudioKind: Int]
  /// By whose name it was asked for, if by one.
  public let layout: NamedLayout?

  /// What loads it again: its path, behind the layout's name where it was asked for by that.
  public var place: String { layout.map { "\($0.rawValue):\(path)" } ?? path }

  public init(
    name: String, path: String, utterances: [Utterance], silenceLabels: Set<String>, issues: [CorpusIssue],
    statesChannel: Bool = false, audioKinds: [AudioKind: Int] = [:], layout: NamedLayout? = nil
  ) {
    self.name = name
    self.path = path
    self.utterances = utterances
    self.silenceLabels = silenceLabels
    self.issues = issues
    self.statesChannel = statesChannel
    self.audioKinds = audioKinds
    self.layout = layout
  }

  /// The same with more issues behind the others.
  public func adding(_ more: [CorpusIssue]) -> Corpus {
    guard !more.isEmpty else { return self }
    return Corpus(
      name: name, path: path, utterances: utterances, silenceLabels: silenceLabels, issues: issues + more,
      statesChannel: statesChannel, audioKinds: audioKinds, layout: layout)
  }

  /// The same corpus of these utterances alone.
  public func with(_ utterances: [Utterance]) -> Corpus {
    Corpus(
      name: name, path: path, utterances: utterances, silenceLabels: silenceLabels, issues: issues,
      statesChannel: statesChannel, audioKinds: audioKinds, layout: layout)
  }

  /// What names of recordings end in, without the dot, in lower case; some kinds must be converted before they are read.
  public static let audioEndings = CorpusFolder.audioExtensions

  /// Whether its utterances are sentences of a text, measured in characters, and not recordings.
  public var isText: Bool { utterances.first?.text != nil }

  /// Reads the corpus in a folder of audio and label files.
  ///
  /// ```swift
  /// let corpus = try Corpus.load("fixtures/unseen") { try Waveform.header($0).seconds }
  /// ```
  ///
  /// Audio (wav, flac, ogg, opus, mp3, aiff, au, caf, w64, sph, nist) and labels of one name belong together, in one folder
  /// or in two trees (`my_corpus/kal/001.wav`, `my_corpus_aligned/kal/001.TextGrid`): what agrees in its folders first, by
  /// the name alone only where nothing else has it. A `corpus.yaml` in the folder says what is what; without one it is
  /// understood by convention: levels by the tiers' names; speakers by the column `speaker` of an `utterances.tsv` or a
  /// Kaldi folder's `utt2spk`, else by the tiers' names (`anna - words`), else by the layouts of known corpora, else by the
  /// folders, else by the beginnings of the file names (`anna_01`); sentences by the column `sentence`, else by their text.
  /// What was assumed, and every file that was left out, is in `issues`.
  ///
  /// Several speakers in one recording are utterances of their own, `recording/speaker`.
  ///
  /// A corpus as it is handed out may be asked for by name (`NamedLayout`): `timit:/data/TIMIT`.
  ///
  /// A `.conllu` file, a `.tsv` file with a column `text` or `form`, or a folder of such files without audio is a
  /// corpus of texts: each sentence is an utterance (see `Utterance.text`), its speaker is its author or document.
  ///
  /// `seconds` gives the length of an audio file from its header (this module knows no audio), or nil where the header
  /// does not say; the façade passes libsndfile's. A file for which it throws is left out with an issue.
  /// - Throws: `CorpusError` if the folder is missing, has neither audio nor text, has a wrong `corpus.yaml`, or holds no
  ///   utterance that can be used.
  public static func load(_ path: String, seconds: (String) throws -> Double?) throws(CorpusError) -> Corpus
  {
    try load(path, overriding: CorpusOverrides()) { SoundFacts(seconds: try seconds($0)) }
  }

  /// The same with all that `header` tells of each audio file, and with settings that go before those of `corpus.yaml`.
  public static func load(
    _ path: String, overriding overrides: CorpusOverrides, header: (String) throws -> SoundFacts
  ) throws(CorpusError) -> Corpus {
    let reading = read(path, overriding: overrides, header: header)
    return try reading.corpus.get()
  }

  /// The same for looking a corpus over: the issues are there also where there is no corpus.
  public static func read(
    _ path: String, overriding overrides: CorpusOverrides = CorpusOverrides(),
    header: (String) throws -> SoundFacts
  ) -> (corpus: Result<Corpus, CorpusError>, issues: [CorpusIssue]) {
    withoutActuallyEscaping(header) { header in
      do throws(CorpusError) {
        var loader = try CorpusLoader(path: path, overrides: overrides, header: header)
        do throws(CorpusError) {
          let corpus = try loader.load()
          return (.success(corpus), corpus.issues)
        } catch {
          return (.failure(error), loader.issuesSoFar)
        }
      } catch {
        return (.failure(error), [])
      }
    }
  }
}

/// What goes before a `corpus.yaml`'s settings.
public struct CorpusOverrides: Sendable, Equatable {
  /// Seconds added to every label's times.
  public var shift: Double?

  public init(shift: Double? = nil) { self.shift = shift }
}

/// A kind of audio files: container, rate and channels.
public struct AudioKind: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The container, such as `FLAC`; nil where the header does not say.
  public let format: String?
  /// Samples a second.
  public let samplingRate: Int?
  /// How many channels; nil where the header does not say.
  public let channels: Int?

  init(_ sound: SoundFacts) {
    (format, samplingRate, channels) = (sound.format, sound.samplingRate, sound.channels)
  }

  public var description: String {
    let words = [
      format, samplingRate.map { "\($0) Hz" },
      channels.map { $0 == 1 ? "mono" : $0 == 2 ? "stereo" : "\($0) channels" },
    ]
    return words.compactMap(\.self).joined(separator: ", ")
  }

  public static func < (a: AudioKind, b: AudioKind) -> Bool { a.description < b.description }
}
