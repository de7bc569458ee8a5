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

// Every error that Strata throws can be caught by its name.
@_exported import enum Checkpoints.CheckpointError
@_exported import struct Checkpoints.NameTable
@_exported import struct Checkpoints.WeightPart
@_exported import enum Checkpoints.WeightReduction
@_exported import enum Files.FileError
@_exported import enum Foundations.FailureKind
@_exported import protocol Foundations.StrataError
@_exported import enum HDF5.HDF5Error
@_exported import enum LinearAlgebra.LinearAlgebraError
@_exported import enum Reports.PictureFormat
@_exported import enum Reports.ReportError
@_exported import enum Reports.StudyWriter
