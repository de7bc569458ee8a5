/// Formats of labels that are not read, and the way to one that is.
struct ForeignFormat {
  /// Endings, lower-cased.
  let endings: [String]
  let title: String
  let wayOn: String

  /// The format of a file by its name, and the name without folders and ending; nil for one that nothing is known of.
  static func of(_ name: String) -> (format: ForeignFormat, stem: String)? {
    let file = String(name.split(separator: "/").last ?? "")
    let lower = file.lowercased()
    for format in all {
      guard let ending = format.endings.first(where: lower.hasSuffix) else { continue }
      return (format, String(file.dropLast(ending.count)))
    }
    return nil
  }

  private static let all: [ForeignFormat] = [
    ForeignFormat(
      endings: [".cha"], title: "CHAT (CHILDES, TalkBank)",
      wayOn:
        "its times are those of whole utterances; write TextGrids with CLAN's `chat2praat +e.wav`, or align it with "
        + "Batchalign or the Montreal Forced Aligner"),
    ForeignFormat(
      endings: [".awd", ".awd.gz"], title: "a word alignment of the CGN",
      wayOn:
        "it is a short TextGrid in Latin-1: `iconv -f LATIN1 -t UTF-8 a.awd > a.TextGrid`, and say which tiers are "
        + "words and phones (tiers: in corpus.yaml)"),
    ForeignFormat(
      endings: [".fon", ".ort", ".fon.gz", ".ort.gz"], title: "a transcription of the CGN",
      wayOn: "it has the times of chunks only; take the word alignments (.awd) of the same recording"),
    ForeignFormat(
      endings: [".skp", ".skp.gz", ".sea", ".plk"], title: "a file of the CGN without times of phones",
      wayOn: "take the word alignments (.awd) of the same recording"),
    ForeignFormat(
      endings: [".exb", ".exs"], title: "EXMARaLDA",
      wayOn: "export it in the Partitur Editor: Praat TextGrid or ELAN"),
    ForeignFormat(
      endings: [".trs"], title: "Transcriber",
      wayOn: "it has no times of words; align it, or open it in ELAN and export"),
    ForeignFormat(
      endings: ["_annot.json"], title: "an annotation of EMU-SDMS",
      wayOn: "write TextGrids with emuR's export_TextGridCollection()"),
    ForeignFormat(
      endings: [".antx", ".ant"], title: "Annotation Pro", wayOn: "export it there as Praat TextGrid"),
    ForeignFormat(
      endings: [".srt", ".vtt", ".stm"], title: "subtitles, or a transcript with the times of sentences",
      wayOn:
        "they say nothing of words and phones; align the text, for instance with the Montreal Forced Aligner"
    ),
    ForeignFormat(
      endings: [".jsonl.gz", ".json.gz", ".ctm.gz"], title: "a compressed label file",
      wayOn: "unpack it: gunzip FILE"),
  ]
}
