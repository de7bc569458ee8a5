/// The plain words beside a layer matrix: what was compared where, and what a reader must beware of.
struct MatrixNotes {
  let layers: [String]
  private(set) var lines: [String] = []

  init(layers: [String]) { self.layers = layers }

  mutating func add(_ line: String) { lines.append(line) }

  mutating func add(rows: Int, of all: Int) {
    lines.append(rows == all ? "over all \(rows) rows" : "over a seeded sample of \(rows) of \(all) rows")
  }

  /// Where the layers' own work was done.
  mutating func add(space spaces: [ComparisonSpace]) {
    let inFeatures = spaces.count { $0 == .features }
    if inFeatures == spaces.count, inFeatures > 0 {
      lines.append("in feature space, without products between rows")
    } else if inFeatures == 0, !spaces.isEmpty {
      lines.append("from products between all rows, which here are cheaper than moments of the dimensions")
    } else if !spaces.isEmpty {
      lines.append(
        "\(inFeatures) of \(spaces.count) layers in feature space, the others by products of rows")
    }
  }

  /// Dead dimensions, and one that owns most of the variance.
  mutating func add(dimensions: [DimensionCheck?]) {
    for (layer, check) in zip(layers, dimensions) {
      guard let check else { continue }
      if !check.dead.isEmpty {
        lines.append("\(layer): \(check.dead.count) of \(check.width) dimensions do not vary")
      }
      if check.largestShare > 0.5, check.width > 2 {
        let percent = Int((100 * check.largestShare).rounded())
        lines.append("\(layer): dimension \(check.largest) owns \(percent) % of the variance")
      }
    }
  }

  /// One line of what the measure remarks on each layer.
  mutating func add(remarks: [String?]) {
    let said = zip(layers, remarks).compactMap { layer, remark in remark.map { "\(layer): \($0)" } }
    if !said.isEmpty { lines.append(said.joined(separator: "; ")) }
  }

  mutating func add(refused reasons: [String?]) {
    for (layer, reason) in zip(layers, reasons) {
      if let reason { lines.append("\(layer) is not compared: \(reason)") }
    }
  }

  /// Refused pairs, those of one reason in one line; a layer with itself only where there is nothing else.
  mutating func add(refusedPairs all: [(Int, Int, String)]) {
    let others = all.filter { $0.0 != $0.1 }
    let refusedPairs = others.isEmpty ? all : others
    var reasons: [String] = []
    for (_, _, reason) in refusedPairs where !reasons.contains(reason) { reasons.append(reason) }
    for reason in reasons {
      let pairs = refusedPairs.filter { $0.2 == reason }
      guard let (i, j, _) = pairs.first else { continue }
      let more = pairs.count > 1 ? " and \(pairs.count - 1) more" : ""
      lines.append("\(layers[i]) and \(layers[j])\(more) are not compared: \(reason)")
    }
  }

  /// What two layers give when one's rows are shuffled: the floor to read values against.
  mutating func add(shuffled answer: Result<Double, LayerSimilarity.Refusal>, _ i: Int, _ j: Int) {
    guard case .success(let value) = answer else { return }
    let thousandths = (1000 * value).rounded() / 1000
    lines.append("\(layers[i]) and \(layers[j]) with its rows shuffled: \(thousandths)")
  }
}
