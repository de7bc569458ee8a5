import Activations
import Audio
import Corpora
import Models
import Tensors

/// Two sources that run over each utterance one after the other, as one: all layers of both are pooled on the same
/// spans, and their cross moments gathered, in one pass.
struct PairedSource: ActivationSource {
  let first, second: any ActivationSource

  static let prefixes = ["1:", "2:"]

  var name: String { "\(first.name) and \(second.name)" }
  var fingerprint: String { "\(first.fingerprint)+\(second.fingerprint)" }
  var input: SourceInput { first.input == .any ? second.input : first.input }
  var facts: SourceFacts {
    var facts = first.facts
    facts.settings = [facts.settings, second.facts.inputNormalisation, second.facts.settings]
      .joined(separator: "+")
    return facts
  }

  var taps: [TapPoint] {
    zip([first, second], PairedSource.prefixes).flatMap { source, prefix in
      source.taps.map { TapPoint(name: prefix + $0.name, width: $0.width, timing: $0.timing) }
    }
  }

  func centres(of tap: TapPoint, in utterance: Utterance) throws -> [Double]? {
    for (source, prefix) in zip([first, second], PairedSource.prefixes) where tap.name.hasPrefix(prefix) {
      let own = TapPoint(
        name: String(tap.name.dropFirst(prefix.count)), width: tap.width, timing: tap.timing)
      return try source.centres(of: own, in: utterance)
    }
    return nil
  }

  func requireUnchanged(atEnd: Bool) throws {
    for source in [first, second] { try source.requireUnchanged(atEnd: atEnd) }
  }

  func forward(
    _ utterance: Utterance, _ waveform: Waveform?, taps: Set<String>, threads: Int,
    visit: (String, Tensor) throws -> Void
  ) throws {
    for (source, prefix) in zip([first, second], PairedSource.prefixes) {
      let own = taps.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
      guard !own.isEmpty else { continue }
      try source.forward(utterance, waveform, taps: Set(own), threads: threads) {
        try visit(prefix + $0, $1)
      }
    }
  }
}
