import Activations
import Attribution
import Audio
import Checkpoints
import Corpora
import HDF5
import Models
import Probing
import Reports
import Similarity

/// What kind of failure an error is, for a program that must end with an exit status.
public enum FailureKind: Sendable, Equatable {
  /// Input that cannot be read as what it claims to be.
  case badInput
  case missingInput
  /// Something was asked for that is not there: a layer, a level, an option.
  case badRequest
  case writeFailed
  /// Stopped on request; finished work is kept.
  case interrupted
  case internalFault

  /// Nil for errors that are none of Strata's.
  public init?(_ error: any Error) {
    switch error {
    case StudyError.interrupted, ActivationError.interrupted, ProbeError.interrupted,
      AttributionError.interrupted, ExportError.interrupted:
      self = .interrupted
    case let error as StudyError: self = error.kind
    case let error as ShardError: self = error.kind
    case let error as ComparisonError: self = error.kind
    case CheckpointError.missing, AudioError.missing, AudioError.brokenLink, CorpusError.missing,
      ImportError.missing:
      self = .missingInput
    case CheckpointError.writeFailed, HDF5Error.writeFailed, ReportError.writeFailed,
      CorpusError.writeFailed,
      ActivationError.cannotWrite, ExportError.noRoom:
      self = .writeFailed
    case AttributionError.notAProbe: self = .badInput
    case CheckpointError.unknownPrefix, CheckpointError.idleRules, ModelError.unknownLayer,
      ModelError.layerOutOfRange, ModelError.unstated,
      ExportError.unknownFormat, ActivationError.unknownLayer, ActivationError.noLanguage,
      ImportError.noHop, ImportError.doubtful, ImportError.unknownLayer,
      is AttributionError:
      self = .badRequest
    case ReportError.notFinite, ReportError.brokenTemplate, is SimilarityError: self = .internalFault
    case is CheckpointError, is AudioError, is CorpusError, is ModelError, is ActivationError,
      is ImportError, is HDF5Error,
      is ReportError, is ExportError, is ProbeError, is ProbeSpecError:
      self = .badInput
    default: return nil
    }
  }
}
