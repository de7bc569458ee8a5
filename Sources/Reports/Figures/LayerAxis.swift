import Foundation

/// The layers along a horizontal axis: a slot each, numbers as tick labels, and under them the name that
/// neighbours share, so that 34 layers stay legible in a journal's column.
///
///     1 2 3 4 5 6 7 │   │ 0 1 2 3 4 …
///          conv      projection   hidden
struct LayerAxis {
  struct Group: Equatable {
    /// What comes before the number: "conv", "text.hidden"; the whole name where there is no number.
    var name: String
    var slots: Range<Int>
  }

  let names: [String]
  let start: Double
  let length: Double
  /// A label for each slot; empty where it was thinned out.
  let ticks: [String]
  let groups: [Group]
  /// The line each group's name stands on, so that long names of narrow groups do not run into others.
  let groupRows: [Int]

  static let tickHeight = 8.0
  static let groupHeight = 8.5

  init(names: [String], start: Double, length: Double) {
    self.names = names
    self.start = start
    self.length = length
    let parts = names.map(Self.split)
    var groups: [Group] = []
    for (slot, part) in parts.enumerated() {
      if slot > 0, parts[slot - 1].stem == part.stem, !part.number.isEmpty, let last = groups.last {
        groups[groups.count - 1].slots = last.slots.lowerBound..<slot + 1
      } else {
        groups.append(Group(name: Canvas.name(part.stem), slots: slot..<slot + 1))
      }
    }
    self.groups = groups
    let slotWidth = length / Double(max(names.count, 1))
    ticks = Self.thinned(parts.map(\.number), groups: groups, slot: slotWidth)
    groupRows = Self.rows(groups, slot: slotWidth)
  }

  /// "text.hidden.2" is "text.hidden" and "2"; "projection" is itself and nothing.
  static func split(_ name: String) -> (stem: String, number: String) {
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return (name, "") }
    let number = name[name.index(after: dot)...]
    guard !number.isEmpty, number.allSatisfy({ $0.isASCII && $0.isNumber }) else { return (name, "") }
    return (String(name[..<dot]), String(number))
  }

  var slot: Double { length / Double(max(names.count, 1)) }
  func centre(_ index: Int) -> Double { start + (Double(index) + 0.5) * slot }
  /// What the labels need below the axis.
  var height: Double { 3 + Self.tickHeight + Double((groupRows.max() ?? 0) + 1) * Self.groupHeight + 2 }

  /// Keeps labels apart: multiples of the smallest round step that fits, then a group's first and last
  /// where there is room.
  private static func thinned(_ numbers: [String], groups: [Group], slot: Double) -> [String] {
    let widest = (numbers.map { Canvas.width($0) }.max() ?? 0) + 2.5
    guard widest > slot else { return numbers }
    let step = [2, 5, 10, 20, 50, 100].first { Double($0) * slot >= widest } ?? 200
    var kept: Set<Int> = []
    func keep(_ place: Int) {
      let isFree = kept.allSatisfy { Double(abs($0 - place)) * slot >= widest }
      if isFree { kept.insert(place) }
    }
    for (place, number) in numbers.enumerated() where (Int(number) ?? 1) % step == 0 { keep(place) }
    for group in groups {
      keep(group.slots.lowerBound)
      keep(group.slots.upperBound - 1)
    }
    return numbers.enumerated().map { kept.contains($0.offset) ? $0.element : "" }
  }

  private static func rows(_ groups: [Group], slot: Double) -> [Int] {
    var ends: [Double] = []
    return groups.map { group in
      let centre = Double(group.slots.lowerBound + group.slots.upperBound) / 2 * slot
      let half = Canvas.width(group.name) / 2
      let row = ends.firstIndex { $0 + 4 <= centre - half } ?? ends.count
      if row == ends.count { ends.append(0) }
      ends[row] = centre + half
      return row
    }
  }

  /// Draws the labels below `y`; `kind` gives each tick a class by its slot, for highlighting.
  func draw(on canvas: inout Canvas, below y: Double, kind: ((Int) -> String)? = nil) {
    let style = canvas.style
    for (index, tick) in ticks.enumerated() where !tick.isEmpty {
      canvas.label(
        tick, centre(index), y + 2 + Self.tickHeight - 1.5, anchor: .middle, fill: style.muted,
        kind: kind?(index))
    }
    for (group, row) in zip(groups, groupRows) {
      let left = start + Double(group.slots.lowerBound) * slot
      let right = start + Double(group.slots.upperBound) * slot
      let top = y + 3 + Self.tickHeight
      let base = top + Double(row + 1) * Self.groupHeight - 1
      canvas.segment(left + 1, top, right - 1, top, .init(colour: style.muted, width: 0.5))
      let half = Canvas.width(group.name) / 2
      let middle = max((left + right) / 2, half + 1)
      if row > 0 { canvas.segment(middle, top, middle, base - 6, .init(colour: style.rule, width: 0.5)) }
      canvas.label(group.name, middle, base, anchor: .middle)
    }
  }
}

/// The ticks of an axis of numbers.
enum Ticks {
  /// Round numbers (1, 2 or 5 times a power of ten apart) inside the range, about `count` of them.
  static func round(_ range: ClosedRange<Double>, count: Int = 5) -> [Double] {
    let span = range.upperBound - range.lowerBound
    guard span > 0, span.isFinite else { return [range.lowerBound] }
    let rough = span / Double(count)
    let power = pow(10, floor(log10(rough)))
    let step = ([1, 2, 5, 10].first { $0 * power >= rough * 0.999 } ?? 10) * power
    let first = Int((range.lowerBound / step - 1e-9).rounded(.up))
    let last = Int((range.upperBound / step + 1e-9).rounded(.down))
    return first <= last ? (first...last).map { Double($0) * step } : [range.lowerBound]
  }

  /// Decimals that tell neighbouring ticks apart.
  static func digits(_ ticks: [Double]) -> Int {
    guard ticks.count > 1 else { return 1 }
    let step = ticks[1] - ticks[0]
    return max(0, Int((-log10(step) - 1e-9).rounded(.up)))
  }
}
