import Results

extension InterventionResult {
  /// What a map of lesions shows.
  func lesionText(_ change: Lesion.Change) -> String {
    let what =
      switch change {
      case .leftOut: "A block is left out, its input taking the place of its output"
      case .mean: "What a block adds to its input is replaced by its mean over the corpus"
      case .head: "What an attention head gives is replaced by its mean over the corpus"
      }
    return
      "\(what): what the head loses, and readers of \(readLayers.last ?? "the last layer"). There is no random "
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
      [lesion.head.first { $0.quantity == quantity }]
        + levels.map { level in lesion.readers.first { $0.level == level }?.effect }
    }
    let columns = [quantity.rawValue] + levels.map { "\($0) read" }
    let most = columns.indices.map { column in
      max(lesions.compactMap { effects($0)[column]?.cost.value }.max() ?? 0, 1e-9)
    }
    var grid = EffectGrid(
      name: name, title: title,
      summary:
        "What is lost when \(change == .head ? "a head" : "a block") is \(done): the head's \(quantity.rawValue), and accuracy of readers of the last "
        + "layer.", columns: columns,
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
        columns: ["layer"] + columns, headings: [change == .head ? "Head" : "Block"] + columns,
        rows: lesions.map { lesion in
          [.text(lesion.name)] + effects(lesion).map { .plain($0?.cost.value, digits: 3) }
        }))
    grid.ends = ("0", "most of the column")
    grid.axes = (change == .head ? "attention head" : "block", "what is lost")
    grid.scale = (quantity == .accuracy ? "" : "\(quantity.rawValue): \(unit); ") + "read: accuracy"
    grid.marks = ("interval above zero", "")
    return grid
  }
}
