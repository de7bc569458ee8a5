import Checkpoints
import Foundation
import Tensors

/// A model of any layers that an `architecture.yaml` tells of, beside the checkpoint or given by its user.
///
/// ```yaml
/// input: {features: kaldi, bands: 40, normalise: bands}
/// layers:
///   - conv2d: conv.0          # what the names of its weights begin with; sizes are the weights' own
///     padding: 1
///   - batch_norm: conv.1
///   - activation: relu
///   - max_pool: [1, 2]        # time, frequency
///   - gru: gru                # as many layers and directions as there are weights for
///   - linear: head
///     name: logits
/// ```
/// Every layer is a tap point, `conv.1`, `norm.1` and so on where no `name` is given, whose step, field and first
/// centre follow from the kernels before it. A tap of channels and frequencies has all of them side by side,
/// frequency by frequency. What it leaves out of the checkpoint is named in the report.
struct DescribedModel: SpeechArchitecture {
  static let modelTypes: [String] = []

  var file: ArchitectureFile
  /// Of all the checkpoint's tensors, which tell a twin its sizes.
  var shapes: [String: [Int]]
  var layers: [DescribedLayer]

  func forward(
    _ samples: [Float], validSamples: Int, wanted: Set<String>, on run: Evaluation,
    visit: (String, Tensor) throws -> Bool
  ) throws {
    let x = try file.input.values(of: Array(samples.prefix(validSamples)))
    run.recorder?.declare(x, as: .input(file.input.features.rawValue))
    _ = try layers.pass(x, wanted: wanted, run, visit: visit)
  }

  func taps(samplingRate: Int) -> [TapPoint] { layers.everyLayer.compactMap(\.tap) }

  func minimumSamples(samplingRate: Int) -> Int { file.input.samples(for: layers.inputs(for: 1)) }

  var attentionHeads: [Int] { blocks.map(\.heads) }

  func attentionTaps(samplingRate: Int) -> [TapPoint] {
    blocks.map { TapPoint(name: $0.name, width: $0.heads, timing: $0.timing) }
  }

  private var blocks: [(name: String, heads: Int, timing: FrameTiming?)] {
    layers.everyLayer.compactMap { layer in
      switch layer.step {
      case .transformer(let block, let name): (name, block.attention.heads, layer.tap?.timing)
      case .attention(let attention, _, _, let name): (name, attention.heads, layer.tap?.timing)
      default: nil
      }
    }
  }
}

// MARK: - Building

extension DescribedModel {
  /// nil where nothing describes the model.
  static func build(_ description: ModelDescription) throws -> BuiltModel? {
    guard let path = description.architecturePath else { return nil }
    let file = try ArchitectureFile(contentsOf: path)
    let names = TensorNames(description.checkpoint)
    let shapes = description.checkpoint.tensors.mapValues(\.shape)
    var builder = LayerBuilder(
      file, shapes: Dictionary(uniqueKeysWithValues: shapes.map { ($0.key, $0.value) }),
      reader: ParameterReader(
        path: description.path, source: .checkpoint(description.checkpoint, names: names.stored)))
    let layers = try builder.layers(file.layers)
    let model = DescribedModel(file: file, shapes: builder.shapes, layers: layers)
    // What no layer asks for is another's: a description need not go to the end.
    let report = try description.report(
      of: builder.reader, names,
      leavingOut: Set(names.stored.keys.map { String($0.prefix { $0 != "." }) }).sorted(),
      notes: ["layers as \(path) tells of them"])
    return BuiltModel(
      architecture: model, family: file.family, parameters: builder.reader.count, report: report,
      input: .features(file.input.inWords, samplingRate: file.input.samplingRate))
  }

  func untrained(seed: UInt64) throws -> DescribedModel {
    var builder = LayerBuilder(
      file, shapes: shapes, reader: ParameterReader(path: "the untrained twin", source: .random(seed: seed))
    )
    return DescribedModel(file: file, shapes: shapes, layers: try builder.layers(file.layers))
  }
}
