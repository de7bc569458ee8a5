import Results

extension InterventionResult {
  /// What a map of lesions shows.
  func lesionText(_ change: Lesion.Change) -> String {
    let what =
      switch change {
      case .leftOut: "A block is left out, its input taking the place of its output"
      case .mean:
        "What a block adds to its input is replaced by its mean over the corpus; of a layer that gives another shape than it "
          + "takes, such as a convolution, all that it gives"
      case .head: "What an attention head gives is replaced by its mean over the corpus"
      }
    return
      "\(what): what is lost by "
      + (quantity == .accuracy ? "" : "the head (\(effect)) and by ")
      + "linear readers of \(readLayers.last ?? "the last layer"). A star: the interval lies above zero. There is no random "
      + "control: a lesion takes away everything that \(change == .head ? "the attention head" : "the block") does."
  }

  /// Blocks, or heads, by what is lost without them; nil where none was put out of work so.
  func lesionMap(_ change: Lesion.Change) -> EffectGrid? {
    let lesions = lesions.filter { $0.change == change }
    guard !lesions.isEmpty else { return nil }
    let (name, title, done) =
      switch change {
      case .leftOut: ("lesions", "What each block adds", "left out")
      case .mean:
        ("mean-lesions", "What each block adds that differs from frame to frame", "replaced by its mean")
      case .head: ("heads", "What each attention head adds", "replaced by its mean")
      }
    let levels = lesions[0].readers.map(\.level)
    func effects(_ lesion: Lesion) -> [Effect?] {
      (quantity == .accuracy ? [] : [lesion.head.first { $0.quantity == quantity }])
        + levels.map { level in lesion.readers.first { $0.level == level }?.effect }
    }
    let columns = (quantity == .accuracy ? [] : ["output"]) + levels.map { "\($0) read" }
    let most = columns.indices.map { column in
      max(lesions.compactMap { effects($0)[column]?.cost.value }.max() ?? 0, EffectGrid.leastCost)
    }
    var grid = EffectGrid(
      name: name, title: title,
      summary:
        "What is lost when \(change == .head ? "an attention head" : "a block") is \(done): "
        + (quantity == .accuracy ? "" : "\(effect), and ") + "accuracy of readers of the last layer.",
      columns: columns,
      rows: lesions.map { lesion in
        (
          name: lesion.name,
          cells: zip(columns, effects(lesion)).enumerated().map { index, pair in
            guard let cost = pair.1?.cost else { return EffectGrid.Cell() }
            return EffectGrid.Cell(
              value: cost.value, text: Self.number(cost.value), share: cost.value / most[index],
              mark: cost.isPositive ? .star : .none,
              tip: "\(lesion.name) \(done), \(pair.0): \(Self.interval(cost))")
          }
        )
      },
      data: DataTable(
        columns: ["layer"] + columns.flatMap { InterventionCSV.ends($0.replacing(" ", with: "_")) },
        headings: [change == .head ? "Attention head" : "Block"] + columns.flatMap { [$0, "from", "to"] },
        rows: lesions.map { lesion in
          [.text(lesion.name)] + effects(lesion).flatMap { InterventionCSV.cells($0?.cost) }
        }))
    grid.ends = ("0", "most of the column, \(Self.number(EffectGrid.leastCost)) at least")
    grid.axes = (change == .head ? "attention head" : "block", "what is lost")
    grid.scale = (quantity == .accuracy ? "" : "output: \(unit); ") + "read: accuracy of readers"
    grid.marks = ("interval above zero", "")
    return grid
  }
}
