import ArgumentParser
import Strata

extension CompletionKind {
  /// Names with commas between, each completed in its turn: `phoneme,wo` becomes `phoneme,word`.
  static func names(_ known: [String]) -> CompletionKind {
    .custom { _, _, typed in completions(of: typed, among: known) }
  }

  /// What a list may go on with; names that stand in it already are not offered again.
  static func completions(of typed: String, among known: [String]) -> [String] {
    let parts = typed.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let (head, last) = (parts.dropLast(), parts.last ?? "")
    return known.filter { $0.hasPrefix(last) && !head.contains($0) }
      .map { (head + [$0]).joined(separator: ",") }
  }

  static var levels: CompletionKind { names(ProbeGroup.names) }
}
