import Audio
import Corpora
import Models
import Tensors

/// A loaded model is the usual source; its untrained counterparts are others, with fingerprints of their own.
extension SpeechModel: ActivationSource {
  public var facts: SourceFacts {
    SourceFacts(
      family: family, parameters: parameters, samplingRate: samplingRate,
      inputNormalisation: inputNormalisation, settings: settings)
  }

  public func forward(
    _ utterance: Utterance, _ waveform: Waveform?, taps: Set<String>, threads: Int,
    visit: (String, Tensor) throws -> Void
  ) throws {
    guard let waveform else { throw ActivationError.noSound(utterance: utterance.id, source: name) }
    try forward(waveform, taps: taps, threads: threads, visit: visit)
  }

  public func requireUnchanged(atEnd: Bool) throws { try requireUnchanged() }
  public func forwardInPieces(
    _ utterance: Utterance, _ waveform: Waveform?, taps: Set<String>, threads: Int,
    visit: (String, FramePiece) throws -> Void
  ) throws {
    guard let waveform else { throw ActivationError.noSound(utterance: utterance.id, source: name) }
    try forwardInPieces(waveform, taps: taps, threads: threads, visit: visit)
  }

  public func forwardInPieces(
    _ utterance: Utterance, streaming sound: StreamedSound, taps: Set<String>, threads: Int,
    visit: (String, FramePiece) throws -> Void
  ) throws {
    try forwardInPieces(sound, taps: taps, threads: threads, visit: visit)
  }

  public func randomTwin(ofSeed seed: UInt64) throws -> (any ActivationSource)? {
    try randomTwin(seed: seed)
  }
}
