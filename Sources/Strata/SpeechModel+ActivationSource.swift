import Activations
import Models

extension SpeechModel: ActivationSource {}
