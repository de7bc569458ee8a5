import Models

/// A loaded model is the usual source; its random twins are others, with fingerprints of their own.
extension SpeechModel: ActivationSource {}
