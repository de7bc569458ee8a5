/// What a `corpus.yaml` says; every key may be left out.
///
/// ```yaml
/// name: My corpus
/// audio: wav                      # folder of the audio, from this file; default: this folder
/// labels: aligned                 # folder of the labels, or files that label many recordings ([all.ctm]);
///                                 # default: the folder of the audio
/// format: textgrid                # how they are written; default: textgrid, else timit (files: by their names)
/// tiers: {ORT: word, MAU: phoneme}   # which tier is which level; default: by their names
/// table: utterances.tsv           # one line per utterance, columns named in the first line
/// speaker: folder                 # or {level: 1} (the topmost folder; -1 the nearest), {pattern: "^([a-z]+)_"},
///                                 # {column: speaker}, {table: utt2spk}, {constant: anna}
/// sentence: tier                  # or words, {pattern: …}, {column: sentence}
/// silence: [sil, sp, "<eps>"]     # instead of the usual ones; an empty label always is silence
/// phone_set: arpabet              # timit, timit39, buckeye, ipa, sampa, pinyin, romaji, none; default: recognised
/// stress: strip                   # or keep: whether AH0 and AH1 are two classes
/// channel: left                   # right, a number, mix, or a speaker's own: {anna: left, ben: right}
/// shift: -0.066                   # seconds added to every label's times, or a speaker's own: {anna: -0.066}
/// tone: strip                     # or keep: whether ma1 and ma3 are two classes
/// language: german                # english, french, spanish, mandarin, japanese; default: recognised by the phones
/// units: milliseconds             # seconds, microseconds, 100ns, samples, {samples: 16000}: in what the label files count
///                                 # time; default: their format's unit, where the recordings' lengths agree
/// onsets: [p f, k n]              # clusters that begin syllables beyond the language's table
/// ```
struct CorpusSettings: Equatable {
  /// Where a speaker's or a sentence's name comes from.
  enum Source: Equatable {
    /// The folder that the audio is in.
    case folder
    /// A folder of the utterance's id: 1 is the topmost, -1 the one that the file is in.
    case level(Int)
    /// The first group of a regular expression, or else the whole match, in the audio's file name; in the whole id where
    /// the expression has a `/`.
    case pattern(String)
    /// A file of lines with an utterance, a file name or a folder, and a name.
    case table(String)
    /// A column of the table.
    case column(String)
    case constant(String)
    /// The sentence tier.
    case tier
    /// The words tier.
    case words
  }

  var name: String?
  var audio: String?
  /// A folder, or files that each label many recordings.
  var labels: [String]?
  var format: LabelFormat?
  var tiers: [String: Level]?
  var table: String?
  /// Tables of one form that a named layout has in the place of one.
  var tables: [String] = []
  var speaker: Source?
  var sentence: Source?
  var silence: Set<String>?
  var phoneSet: PhoneSet?
  var keepsStress = false
  var channel: ChannelChoice?
  var shift: LabelShift?
  var keepsTone = false
  var language: SpokenLanguage?
  var onsets: [String] = []
  var units: TimeUnits.Unit?

  func with(_ overrides: CorpusOverrides) -> CorpusSettings {
    var settings = self
    if let shift = overrides.shift { settings.shift = .all(shift) }
    return settings
  }

  static let fileNames = ["corpus.yaml", "corpus.yml"]
  static let keys = [
    "name", "audio", "labels", "format", "tiers", "table", "speaker", "sentence", "silence", "phone_set",
    "stress", "channel", "shift", "tone", "language", "onsets", "units",
  ]
}
