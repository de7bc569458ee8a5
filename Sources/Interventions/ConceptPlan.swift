import Activations
import Corpora
import Foundations
import Models
import Probing

/// A level that is erased or read: its labelled spans, its classes, its folds and its control task, all as a study of the
/// same corpus has them.
struct ConceptPlan: Sendable {
  /// One labelled span.
  struct Span: Sendable {
    /// Its place among the level's examples.
    let row: Int
    let start, end: Double
    let label: Int
    /// The class of its type in the control task; −1 without one.
    let control: Int
    /// Whether it is tested in the fold that tests its utterance.
    let isTested: Bool

    var labelled: LabelledSpan { LabelledSpan(start: start, end: end, label: "", type: "") }
  }

  let name: String
  let level: Level
  let classes: [String]
  let hasControl: Bool
  private(set) var examples: PooledSpans
  /// Of each utterance of the corpus.
  let spans: [[Span]]
  /// The fold that tests each utterance; −1 for one that none tests.
  let testFold: [Int]
  let foldCount: Int
  /// Utterances that are in training and in test together are of one cell: sums are kept by cell.
  let cell: [Int]
  /// The cells that each fold learns from.
  let trainingCells: [[Int]]
  /// Cells whose utterances are tested.
  let testedCells: [Bool]
  let speakers: [Int]
  /// Everything simpler than a layer, of each example; nil where it is not read.
  let baseline: JointBaseline?

  var cellCount: Int { testedCells.count }

  /// Keeps the spans alone.
  mutating func dropStates() { examples = examples.withoutStates }

  /// Utterances that are tested, in the order of the corpus.
  var tested: [Int] { testFold.indices.filter { testFold[$0] >= 0 } }

  /// The share of the commonest class among the tested spans.
  var majority: Double {
    var counts = [Int](repeating: 0, count: classes.count)
    for span in spans.joined() where span.isTested { counts[span.label] += 1 }
    let total = counts.reduce(0, +)
    return total == 0 ? 0 : Double(counts.max() ?? 0) / Double(total)
  }

  /// - Throws: `InterventionError.tooFewSpans` where nothing of the level can be tested.
  init(
    _ spec: ProbeSpec, _ examples: PooledSpans, corpus: Corpus, seed: UInt64, readsBaseline: Bool = false,
    threads: Int = 1
  ) throws {
    let splits = try SplitPlan.make(
      for: corpus.utterances.map { ($0.speaker, $0.sentence, $0.seconds) }, by: spec.division, seed: seed)
    var dataset = try ProbeDataset(examples, for: spec, in: corpus.utterances)
    let design = StudyDesign(dataset, plan: splits, spec: spec)
    if let reason = design.reason { throw InterventionError.tooFewSpans(level: spec.name, reason: reason) }

    if readsBaseline { try dataset.readSurroundings(in: corpus.utterances, threads: threads) }
    baseline = readsBaseline ? try JointBaseline(dataset, spec) : nil
    let items = examples.items
    name = spec.name
    level = spec.level
    classes = design.classes
    self.examples = examples
    foldCount = design.folds.count
    hasControl = spec.control && design.hasMoreTypesThanClasses(examples)
    var controls = [Int](repeating: -1, count: examples.types.count)
    if hasControl {
      var numbers = RandomNumbers(seed: seed, stream: "erased control task \(spec.name)")
      controls = ControlTask(
        labels: design.labels, types: items.map(\.type), typeCount: examples.types.count,
        classCount: design.classes.count
      ).classOfType(using: &numbers)
    }

    let count = corpus.utterances.count
    var testFold = [Int](repeating: -1, count: count)
    var isTested = [Bool](repeating: false, count: items.count)
    var learns = [[Bool]](repeating: Array(repeating: false, count: design.folds.count), count: count)
    for (number, fold) in design.folds.enumerated() {
      for row in fold.test {
        testFold[items[row].utterance] = number
        isTested[row] = true
      }
      for row in fold.outer { learns[items[row].utterance][number] = true }
    }
    var spans = [[Span]](repeating: [], count: count)
    for (row, item) in items.enumerated() where design.labels[row] >= 0 {
      spans[item.utterance].append(
        Span(
          row: row, start: item.start, end: item.end, label: design.labels[row],
          control: hasControl ? controls[item.type] : -1, isTested: isTested[row]))
    }
    self.spans = spans
    self.testFold = testFold

    var known: [[Int]: Int] = [:]
    var cell = [Int](repeating: 0, count: count)
    var trainingCells = [[Int]](repeating: [], count: design.folds.count)
    var testedCells: [Bool] = []
    for utterance in 0..<count {
      let signature = [testFold[utterance]] + learns[utterance].map { $0 ? 1 : 0 }
      if let number = known[signature] {
        cell[utterance] = number
        continue
      }
      cell[utterance] = known.count
      for fold in learns[utterance].indices where learns[utterance][fold] {
        trainingCells[fold].append(known.count)
      }
      testedCells.append(testFold[utterance] >= 0)
      known[signature] = known.count
    }
    (self.cell, self.trainingCells, self.testedCells) = (cell, trainingCells, testedCells)
    var speakers: [String: Int] = [:]
    self.speakers = corpus.utterances.map { utterance in
      let number = speakers[utterance.speaker] ?? speakers.count
      speakers[utterance.speaker] = number
      return number
    }
  }

  /// The class of each of `count` frames by the span that holds its centre, −1 for none, and its class in the control
  /// task.
  func labels(ofFrames count: Int, _ timing: FrameTiming, in utterance: Int) -> [[Int]] {
    var labels = [Int](repeating: -1, count: count)
    var controls = labels
    for span in spans[utterance] {
      let first = timing.firstFrame(atOrAfter: span.start, count: count)
      let last = timing.firstFrame(atOrAfter: span.end, count: count)
      for frame in first..<max(first, last) {
        (labels[frame], controls[frame]) = (span.label, span.control)
      }
    }
    return hasControl ? [labels, controls] : [labels]
  }

  /// What a fold learns from, by the sums of its cells; `cells` limits them to those that are marked.
  func training(_ fold: Int, _ sums: [ClassSums?], cells: [Bool]? = nil) -> ClassSums? {
    var total: ClassSums?
    for cell in trainingCells[fold] where cells?[cell] ?? true {
      guard let own = sums[cell] else { continue }
      if total == nil { total = own } else { total? += own }
    }
    return total
  }
}

extension ProbeSpec {
  /// What `intervene` can erase by name: every definition that is read as classes, and `speaker`.
  static func erasable(_ name: String, among specs: [ProbeSpec], ofText: Bool) throws -> ProbeSpec {
    let usable = specs.filter {
      $0.fits(ofText: ofText) && $0.target.outcome == .classes && !$0.target.isOfFrames
    }
    if let spec = usable.first(where: { $0.name == name }) { return spec }
    if name == "speaker" {
      var spec = ProbeSpec(name: "speaker", level: .phoneme, target: .speaker)
      spec.description = "who speaks"
      return spec
    }
    if specs.contains(where: { $0.name == name }) { throw InterventionError.notClasses(level: name) }
    throw InterventionError.unknownLevel(name: name, known: usable.map(\.name).sorted() + ["speaker"])
  }
}
