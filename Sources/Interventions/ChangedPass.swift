import Activations
import Attribution
import Corpora
import Models
import Probing
import Tensors

/// One recorded pass over an utterance with nothing changed, and what the head says of it.
struct IntactPass: Sendable {
  let setting: InterventionSetting
  let utterance: Int
  let pass: RecordedPass
  let head: IntactHead?
  let tally: HeadTally?

  init(_ setting: InterventionSetting, _ utterance: Int) throws {
    (self.setting, self.utterance) = (setting, utterance)
    let model = setting.study.model
    let samples = try model.inputValues(of: setting.study.corpus.utterances[utterance].sound())
    let pass = try RecordedPass(
      model, samples, tokens: setting.head?.tokens(of: utterance), upTo: setting.deepest)
    self.pass = pass
    guard let head = setting.head else {
      (self.head, tally) = (nil, nil)
      return
    }
    let intact = IntactHead(
      head.output(try pass.values(of: head.tap), of: utterance), of: utterance, head.reading)
    self.head = intact
    tally = intact.output.tally(of: utterance, beside: intact, head.reading)
  }
}

/// A recorded pass, which goes on from a changed layer as often as is asked.
struct ChangedPass: Sendable {
  private let recorded: IntactPass
  /// The layer that is changed, among those that are read.
  let place: Int
  /// What the model goes on from at the layer: its frames or, where these are means of tokens, the tokens, `[rows × width]`.
  /// A change that is linear but for a shift does to the frames what it does to their tokens.
  let states: Tensor
  /// Later layers that a change reaches, and the values of those that are made beside the layer, not of it.
  private let moved: [String]
  private let unmoved: [String: Tensor]

  var setting: InterventionSetting { recorded.setting }
  var utterance: Int { recorded.utterance }
  var intactTally: HeadTally? { recorded.tally }
  private var pass: RecordedPass { recorded.pass }
  private var intact: IntactHead? { recorded.head }
  var layer: String { setting.read[place].name }

  init(_ recorded: IntactPass, at place: Int) throws {
    (self.recorded, self.place) = (recorded, place)
    let (setting, pass) = (recorded.setting, recorded.pass)
    let layer = setting.read[place].name
    states = try pass.states(of: layer)
    let reachable = pass.places(after: layer)
    let later = setting.read[(place + 1)...].map(\.name) + [setting.head?.tap].compactMap(\.self)
    var unmoved: [String: Tensor] = [:]
    for name in later where !reachable.contains(name) { unmoved[name] = try pass.values(of: name) }
    self.unmoved = unmoved
    moved = later.filter(reachable.contains)
  }

  /// Where a layer's frames are means of tokens, a token belongs to no labelled span alone.
  func requireFrames() throws {
    guard !pass.goesOnFromTokens(at: layer) else { throw InterventionError.tokens(layer: layer) }
  }

  /// The frames that are changed; nil for all.
  func changes(_ plan: ConceptPlan) throws -> [Bool]? {
    guard !setting.study.changesUnlabelled, let timing = setting.read[place].timing else { return nil }
    try requireFrames()
    return plan.labels(ofFrames: states.rows, timing, in: utterance)[0].map { $0 >= 0 }
  }

  /// The values of the layer and of all after it, were its states `changed`.
  func values(with changed: Tensor) throws -> [String: Tensor] {
    try setting.study.requireGoingOn()
    let ofTokens = pass.goesOnFromTokens(at: layer)
    var values = try pass.values(
      of: moved + (ofTokens ? [layer] : []), replacingStatesOf: layer, with: changed)
    values.merge(unmoved) { changed, _ in changed }
    if !ofTokens { values[layer] = changed }
    return values
  }

  /// What the head and the intact model's readers say of changed values.
  func reading(_ values: [String: Tensor]) throws -> LevelOutcome.Reading {
    let plans = setting.plans
    var reading = LevelOutcome.Reading(
      head: nil, right: setting.read.map { _ in [Double](repeating: 0, count: plans.count) })
    if let intact, let head = setting.head, let own = values[head.tap] {
      reading.head = head.output(own, of: utterance).tally(of: utterance, beside: intact, head.reading)
    }
    for reader in place..<setting.read.count {
      for (level, plan) in plans.enumerated() {
        guard let readers = setting.readers[reader][level],
          let vectors = vectors(of: plan, at: reader, values)
        else { continue }
        reading.right[reader][level] = try readers.right(
          vectors, plan.testedSpans(utterance), fold: plan.testFold[utterance])
      }
    }
    return reading
  }

  /// The tested spans' vectors at each layer that has readers, `[spans × width]`.
  func vectors(of plan: ConceptPlan, level: Int, _ values: [String: Tensor]) -> [Tensor?] {
    setting.read.indices.map { reader in
      reader >= place && setting.readers[reader][level] != nil
        ? vectors(of: plan, at: reader, values) : nil
    }
  }

  private func vectors(of plan: ConceptPlan, at reader: Int, _ values: [String: Tensor]) -> Tensor? {
    let spans = plan.testedSpans(utterance)
    guard !spans.isEmpty, let frames = values[setting.read[reader].name],
      let timing = setting.read[reader].timing
    else { return nil }
    return FramePooling().pool(frames, timing: timing, spans: spans.map(\.labelled))
  }

  // MARK: - Blocks out of work

  /// What each way of putting the layer's block out of work does.
  func lesions(_ means: BlockMeans) throws -> [LayerOutcome.Lesion] {
    func lesion(_ change: LesionChange, _ values: [String: Tensor]) throws -> LayerOutcome.Lesion {
      LayerOutcome.Lesion(
        change: change,
        tested: [
          LevelOutcome.Tested(
            utterance: utterance, intact: intactTally, erased: try reading(values), control: nil,
            random: [], untrained: nil, returned: [])
        ])
    }
    var found: [LayerOutcome.Lesion] = []
    if let name = setting.input(ofBlock: place) {
      try requireFrames()
      let input = try pass.values(of: name)
      if setting.study.skips { found.append(try lesion(.leftOut, values(with: input))) }
      if let update = means.update {
        found.append(try lesion(.mean, values(with: input.addingToRows(update))))
      }
    }
    if let mean = means.output {
      try requireFrames()
      found.append(try lesion(.mean, values(with: states.replacingColumns(0..<states.width, by: mean))))
    }
    if let mean = means.context, let attention = pass.attention(of: layer) {
      let context = try pass.context(of: attention)
      let size = context.width / attention.heads
      for head in 0..<attention.heads {
        try setting.study.requireGoingOn()
        let changed = context.replacingColumns((head * size)..<((head + 1) * size), by: mean)
        var values = try pass.values(of: [layer] + moved, changing: attention, to: changed)
        values.merge(unmoved) { changed, _ in changed }
        found.append(try lesion(.head(head + 1), values))
      }
    }
    return found
  }
}

extension InterventionSetting {
  /// The layer whose values a block's output takes when it is left out: the block's input, where it has as many frames
  /// and values.
  func input(ofBlock place: Int) -> String? {
    guard place > 0, read[place - 1].width == read[place].width,
      read[place - 1].timing == read[place].timing
    else { return nil }
    return read[place - 1].name
  }
}

extension Tensor {
  /// Each row with `values` added.
  func addingToRows(_ values: [Double]) -> Tensor {
    precondition(values.count == width, "\(values.count) values for rows of \(width)")
    return withUnsafeBuffer { x in
      Tensor(shape: shape) { y in for i in y.indices { y[i] = x[i] + Float(values[i % values.count]) } }
    }
  }

  /// Some columns of each row replaced by those of one row.
  func replacingColumns(_ columns: Range<Int>, by row: [Double]) -> Tensor {
    precondition(row.count == width && columns.upperBound <= width)
    return withUnsafeBuffer { x in
      Tensor(shape: shape) { y in
        for i in y.indices { y[i] = columns.contains(i % row.count) ? Float(row[i % row.count]) : x[i] }
      }
    }
  }
}
