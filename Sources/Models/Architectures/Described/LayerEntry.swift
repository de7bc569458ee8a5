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
    case rmsNorm = "rms_norm"
    case flatten, linear, lstm, gru, transformer, attention, positions, glu, snake, stretch, residual,
      product

    /// What may stand beside the kind, `name` and `tap`.
    var settings: [String] {
      switch self {
      case .conv1d:
        ["channels", "kernel", "stride", "padding", "dilation", "groups", "causal", "pad"]
      case .conv2d: ["channels", "kernel", "stride", "padding", "dilation", "groups"]
      case .batchNorm, .layerNorm, .rmsNorm: ["epsilon"]
      case .groupNorm: ["groups", "epsilon"]
      case .activation: ["slope", "low", "high"]
      case .maxPool, .meanPool: ["stride", "padding"]
      case .flatten, .glu, .snake, .stretch: []
      case .linear: ["outputs"]
      case .lstm, .gru: ["units"]
      case .transformer: ["heads", "norm", "activation", "epsilon"]
      case .attention:
        ["heads", "causal", "window", "rotary", "rotary_share", "rotary_base"]
      case .positions: []
      case .residual: ["shortcut", "trim"]
      case .product: ["gate"]
      }
    }

    /// What its tap points are called where nothing else is said, before their number.
    var tapName: String {
      switch self {
      case .conv1d, .conv2d: "conv"
      case .batchNorm, .layerNorm, .groupNorm, .rmsNorm: "norm"
      case .maxPool, .meanPool: "pool"
      case .transformer: "hidden"
      case .attention: "attended"
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
  /// Of a convolution over time and of attention: that nothing later counts.
  var isCausal = false
  /// What a convolution over time has beyond the ends.
  var filling = PaddingOperation.Filling.zeros
  /// How many frames before and behind a frame attention sees.
  var window: [Int]?
  var rotary: Rotary?
  var rotaryShare = 1.0
  var rotaryBase = 10_000.0
  /// Of a residual or a product.
  var inner: [LayerEntry] = []
  /// The other way of a residual, the gate of a product.
  var shortcut: [LayerEntry] = []
  /// Whether of the two ways the longer one is cut.
  var isTrimmed = false

  /// Which values of a head rotary positions turn together.
  enum Rotary: String, Sendable, CaseIterable { case halves, interleaved }
}

/// All that an `architecture.yaml` says.
struct ArchitectureFile: Sendable {
  var path: String
  var family = "described"
  var input = DescribedInput()
  var layers: [LayerEntry] = []

  static let name = "architecture.yaml"
}
