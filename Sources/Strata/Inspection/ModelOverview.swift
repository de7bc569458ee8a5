import Foundation
import Models
import Reports

/// All that can be told of a model without data: what it is, its tap points with their widths and times, its
/// parameters as a tree, what a pass costs, and tensors without a place.
///
/// ```swift
/// let overview = ModelOverview(model, cost: try ModelCost.measured(model))
/// print(overview)                        // as text
/// let svg = overview.drawing.adaptiveSVG()
/// ```
public struct ModelOverview: Sendable, Codable {
  /// A place whose values can be had.
  public struct Tap: Sendable, Codable {
    /// The name by which it is asked for, such as `hidden.3`.
    public let name: String
    /// Values a frame, or heads of attention.
    public let width: Int
    /// In seconds; nil where a row is a token.
    public let step: Double?
    /// How much of the input one frame sees, in seconds; nil where a row is a token.
    public let receptiveField: Double?
    /// The centre of frame 0, in seconds; nil where a row is a token.
    public let firstCentre: Double?
    /// What transformers calls it, by version where that matters; nil where it gives no such value.
    public let transformers: String?

    init(_ tap: TapPoint, transformers: String?) {
      self.transformers = transformers
      (name, width) = (tap.name, tap.width)
      step = tap.timing?.stride
      receptiveField = tap.timing?.receptiveField
      firstCentre = tap.timing?.centre(of: 0)
    }
  }

  /// The model's name: its file's or its folder's.
  public let name: String
  /// The architecture, such as `wav2vec2`.
  public let family: String
  /// A hash of the weights' file.
  public let fingerprint: String
  /// How many numbers the weights have.
  public let parameters: Int
  /// Nil for a text model.
  public let samplingRate: Int?
  /// What is done to the input before the model sees it, in words.
  public let input: String
  /// The places whose values can be had, in the order of the data.
  public let taps: [Tap]
  /// Those of attention, which are had only when asked for by name; `width` is the number of heads.
  public let attention: [Tap]
  /// The parameters as the tree that their names make.
  public let tree: ParameterTree
  /// What a pass takes; nil where none was measured.
  public let cost: ModelCost?
  /// Tensors of the checkpoint that the model does not need.
  public let unused: [String]
  /// Tensors of the checkpoint that were to be ignored.
  public let ignored: [String]
  /// What had to be assumed to load the model; whole sentences.
  public let notes: [String]
  let stages: [ModelStage]

  /// An overview of a speech model; `cost` is what `ModelCost.measured` gave.
  public init(_ model: SpeechModel, cost: ModelCost? = nil) {
    let attention = model.attentionTaps + model.decoderAttentionTaps
    self.init(
      name: model.name, family: model.family, fingerprint: model.fingerprint, parameters: model.parameters,
      samplingRate: model.samplingRate, input: model.inputNormalisation,
      taps: model.taps + model.decoderTaps,
      attention: attention, report: model.tensorReport, cost: cost,
      transformers: model.transformersName(of:))
  }

  /// An overview of a text model; `cost` is what `ModelCost.measured` gave.
  public init(_ model: TextModel, cost: ModelCost? = nil) {
    let tokenizer = model.tokenizer == nil ? "token numbers; no tokeniser lies with it" : "a text's tokens"
    self.init(
      name: model.name, family: model.family, fingerprint: model.fingerprint, parameters: model.parameters,
      samplingRate: nil, input: "\(tokenizer), \(model.maximumTokens) at most", taps: model.taps,
      attention: model.attentionTaps, report: model.tensorReport, cost: cost,
      transformers: model.transformersName(of:))
  }

  private init(
    name: String, family: String, fingerprint: String, parameters: Int, samplingRate: Int?, input: String,
    taps: [TapPoint], attention: [TapPoint], report: TensorReport, cost: ModelCost?,
    transformers: (String) -> String?
  ) {
    (self.name, self.family, self.fingerprint) = (name, family, fingerprint)
    (self.parameters, self.samplingRate, self.input, self.cost) = (parameters, samplingRate, input, cost)
    self.taps = taps.map { Tap($0, transformers: transformers($0.name)) }
    self.attention = attention.map { Tap($0, transformers: transformers($0.name)) }
    tree = ParameterTree(report.parameters, taps: taps)
    (unused, ignored, notes) = (report.leftOut, report.ignored, report.notes)
    func heads(_ prefix: String) -> [Int: Int] {
      attention.reduce(into: [:]) { heads, tap in
        guard tap.name.hasPrefix(prefix), let number = Int(tap.name.dropFirst(prefix.count)) else { return }
        heads[number] = tap.width
      }
    }
    let own = heads("attention.")
    stages = ModelStage.stages(
      taps: taps, heads: own.isEmpty ? heads("text.attention.") : own,
      decoderHeads: heads("decoder.attention.").values.first, tree: tree)
  }
}

// MARK: - As text

extension ModelOverview: CustomStringConvertible {
  public var description: String {
    let rate = samplingRate.map { "\($0) Hz input, " } ?? ""
    var lines = [
      "\(name): \(family), \(Self.millions(parameters)) parameters, \(rate)\(input)",
      "fingerprint \(fingerprint)",
    ]
    if let cost { lines.append(cost.words) }
    lines += ["", row(["layer", "width", "step", "receptive field", "first centre", "in transformers"])]
    for tap in taps {
      let times = [tap.step, tap.receptiveField, tap.firstCentre].compactMap(\.self).map(Self.milliseconds)
      lines.append(
        row(
          [tap.name, "\(tap.width)"] + (times.isEmpty ? ["a token", "", ""] : times)
            + [tap.transformers ?? "—"]))
    }
    if taps.contains(where: { $0.receptiveField != nil }) {
      lines.append(
        "A field is what the convolutions before a frame see; attention and recurrence see beyond it.")
    }
    if let first = attention.first, let last = attention.last {
      let names = attention.count == 1 ? first.name : "\(first.name) … \(last.name)"
      lines.append("\(names): weights of \(first.width) heads, when asked for by name")
    }
    lines += [""] + treeLines
    if !unused.isEmpty { lines += ["", "not needed here: \(unused.joined(separator: ", "))"] }
    if !ignored.isEmpty { lines += ["", "ignored as asked: \(ignored.joined(separator: ", "))"] }
    lines += notes.map { "note: \($0)" }
    return lines.joined(separator: "\n")
  }

  /// `1.8 M`, or the number where it is below ten thousand.
  static func millions(_ parameters: Int) -> String {
    parameters < 10_000
      ? "\(parameters)" : Self.fixed(Double(parameters) / 1e6, parameters < 100_000 ? 2 : 1) + " M"
  }

  private static func milliseconds(_ seconds: Double) -> String { fixed(seconds * 1000, 2) + " ms" }

  private static func fixed(_ value: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)f", value)
  }

  private func row(_ cells: [String]) -> String {
    zip(cells, [max(14, 2 + (taps.map(\.name.count).max() ?? 0)), 7, 12, 17, 14, 15]).map { cell, width in
      cell.padding(toLength: max(width, cell.count), withPad: " ", startingAt: 0)
    }.joined().trimmingCharacters(in: .whitespaces)
  }

  private var treeLines: [String] {
    let lines = tree.lines()
    let widths = [
      max(10, lines.map(\.branch.count).max() ?? 0), max(5, lines.map(\.shape.count).max() ?? 0),
      max(10, lines.map(\.parameters.count).max() ?? 0),
    ]
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    return ([(branch: "parameters", shape: "shape", parameters: "values", taps: "makes")] + lines).map {
      line in
      let values =
        String(repeating: " ", count: max(0, widths[2] - line.parameters.count)) + line.parameters
      return
        (padded(line.branch, widths[0]) + "  " + padded(line.shape, widths[1]) + "  " + values + "  "
        + line.taps)
        .replacing(/\s+$/, with: "")
    }
  }
}

// MARK: - As drawings

extension ModelOverview {
  /// The network from its input to its output.
  public var drawing: NetworkDrawing {
    let rows = samplingRate == nil ? "tokens" : "frames"
    func box(_ stage: ModelStage) -> NetworkDrawing.Box {
      let names = stage.taps.count > 1 ? "\(stage.taps[0]) … \(stage.taps[1])" : stage.taps[0]
      let times = [
        stage.step.map { "every \(Self.short($0))" },
        stage.kind == .blocks ? nil : stage.receptiveField.map { "sees \(Self.short($0))" },
      ]
      let isToken = stage.step == nil
      return NetworkDrawing.Box(
        title: stage.title,
        detail: stage.heads.map { heads in
          stage.isDecoder
            ? "attention to text and sound, \(heads) heads" : "attention, \(heads) heads · feed-forward"
        } ?? "",
        taps: names, shape: "[\(isToken ? "tokens" : rows) × \(stage.width)]",
        time: times.compactMap(\.self).joined(separator: ", "),
        share: stage.parameters.map { Double($0) / Double(max(1, parameters)) },
        parameters: stage.parameters.map { "\(Self.millions($0)) parameters" } ?? "",
        isStack: stage.count > 1, fill: stage.kind.fill)
    }
    let source = NetworkDrawing.Box(
      title: samplingRate == nil ? "text" : "sound", detail: "",
      taps: samplingRate.map { "\($0) samples a second" } ?? "", shape: "", time: input, share: nil,
      parameters: "", isStack: false, fill: .input)
    let text = NetworkDrawing.Box(
      title: "tokens so far", detail: "", taps: "", shape: "", time: "", share: nil, parameters: "",
      isStack: false, fill: .input)
    let decoder = stages.filter(\.isDecoder).map(box)
    return NetworkDrawing(
      title: name, subtitle: "\(family), \(Self.millions(parameters)) parameters",
      boxes: [source] + stages.filter { !$0.isDecoder }.map(box),
      decoder: decoder.isEmpty ? [] : [text] + decoder,
      footnotes: [cost?.words].compactMap(\.self))
  }

  /// `20 ms`, `30 s`.
  private static func short(_ seconds: Double) -> String {
    let (value, unit) = seconds >= 1 ? (seconds, "s") : (seconds * 1000, "ms")
    var text = fixed(value, 2)
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return "\(text) \(unit)"
  }

  /// The same as a graph in Graphviz's language.
  public var dot: String {
    func quoted(_ text: String) -> String {
      "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        + "\""
    }
    let drawing = drawing
    var lines = [
      "digraph network {", "  label=\(quoted("\(drawing.title)\n\(drawing.subtitle)")); labelloc=t;",
      "  node [shape=box, style=filled, fontname=\"Helvetica\"];",
    ]
    for (column, boxes) in zip(["a", "b"], [drawing.boxes, drawing.decoder]) {
      for (index, box) in boxes.enumerated() {
        let words = [
          box.title, box.detail, box.taps,
          [box.shape, box.time].filter { !$0.isEmpty }
            .joined(separator: " · "), box.parameters,
        ].filter { !$0.isEmpty }.joined(separator: "\n")
        let stack = box.isStack ? ", peripheries=2" : ""
        lines.append(
          "  \(column)\(index) [label=\(quoted(words)), fillcolor=\"\(box.fill.colour)\"\(stack)];")
      }
      for index in boxes.indices.dropFirst() {
        lines.append("  \(column)\(index - 1) -> \(column)\(index);")
      }
    }
    if let stack = drawing.decoder.firstIndex(where: { $0.fill == .block }) {
      lines.append(
        "  a\(drawing.boxes.count - 1) -> b\(stack) [label=\"cross-attention\", constraint=false];")
    }
    return (lines + ["}"]).joined(separator: "\n")
  }

  /// The same as JSON, with sorted keys.
  /// - Throws: `EncodingError` for a number that JSON cannot hold.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

extension ModelStage.Kind {
  fileprivate var fill: NetworkDrawing.Fill {
    switch self {
    case .convolution: .convolution
    case .projection, .states: .projection
    case .blocks: .block
    case .norm, .output: .output
    }
  }
}
