// What a user's Swift needs comes with `import Strata`.
@_exported import Activations
@_exported import Attribution
@_exported import Audio
@_exported import Corpora
@_exported import FineTuning
@_exported import Interventions
@_exported import Models
@_exported import Probing
@_exported import Results
@_exported import Similarity
@_exported import Tensors

@_exported import struct Checkpoints.NameTable
@_exported import struct Checkpoints.WeightPart
@_exported import enum Checkpoints.WeightReduction
@_exported import enum Reports.PictureFormat
@_exported import enum Reports.StudyWriter
