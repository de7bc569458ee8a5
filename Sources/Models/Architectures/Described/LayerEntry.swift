/// One layer as an `architecture.yaml` tells of it; what it leaves out the weights' shapes show.
struct LayerEntry: Sendable {
  enum Kind: String, Sendable, CaseIterable {
    case conv1d, conv2d
    case batchNorm = "batch_norm"
    case layerNorm = "layer_norm"
    case groupNorm = "group_norm"
    case activation
    case maxPool = "max_pool"
    case meanPool = "mean_pool"
    case flatten, linear, lstm, gru, transformer, positions, residual

    /// What may stand beside the kind, `name` and `tap`.
    var settings: [String] {
      switch self {
      case .conv1d, .conv2d: ["channels", "kernel", "stride", "padding", "dilation", "groups"]
      case .batchNorm, .layerNorm: ["epsilon"]
      case .groupNorm: ["groups", "epsilon"]
      case .activation: ["slope", "low", "high"]
      case .maxPool, .meanPool: ["stride", "padding"]
      case .flatten: []
      case .linear: ["outputs"]
      case .lstm, .gru: ["units"]
      case .transformer: ["heads", "norm", "activation", "epsilon"]
      case .positions: []
      case .residual: ["shortcut"]
      }
    }

    /// What its tap points are called where nothing else is said, before their number.
    var tapName: String {
      switch self {
      case .conv1d, .conv2d: "conv"
      case .batchNorm, .layerNorm, .groupNorm: "norm"
      case .maxPool, .meanPool: "pool"
      case .transformer: "hidden"
      default: rawValue
      }
    }
  }

  enum Padding: Sendable, Equatable {
    case each([Int])
    /// As many frames out as in.
    case same
  }

  let kind: Kind
  let line: Int
  /// What the names of its weights begin with.
  var weights = ""
  var name: String?
  var isTapped = true
  /// Outputs of a convolution or linear layer, units of a recurrent one.
  var outputs: Int?
  var kernel: [Int]?
  var stride: [Int]?
  var padding = Padding.each([0])
  var dilation = [1]
  var groups = 1
  var epsilon: Float = 1e-5
  var function = PointwiseOperation.Function.activation(.relu)
  var heads = 1
  var activation = Activation.relu
  var normalisesFirst = false
  /// Of a residual.
  var inner: [LayerEntry] = []
  var shortcut: [LayerEntry] = []
}

/// All that an `architecture.yaml` says.
struct ArchitectureFile: Sendable {
  var path: String
  var family = "described"
  var input = DescribedInput()
  var layers: [LayerEntry] = []

  static let name = "architecture.yaml"
}
