/// Every architecture, in the order in which they are asked about a checkpoint that does not name its own.
let architectures: [any SpeechArchitecture.Type] = [
  Wav2Vec2Conformer.self,
  W2vBert.self,
  Seamless.self,
  Parakeet.self,
  SEW.self,
  Moonshine.self,
  Speech2Text.self,
  Wav2Vec2.self,
  Whisper.self,
  AudioSpectrogramTransformer.self,
  ClapAudio.self,
  FrameATST.self,
  Encodec.self,
  Dac.self,
]
