import Foundations
import Tensors

/// A phone as an ABX task sees it.
public struct ABXItem: Sendable, Hashable {
  /// The phone, as a number; equal numbers are the same phone.
  public var phone: Int
  /// What stands before and after it, as one number.
  public var context: Int
  /// Who says it, as a number.
  public var speaker: Int

  public init(phone: Int, context: Int, speaker: Int) {
    self.phone = phone
    self.context = context
    self.speaker = speaker
  }
}

/// Which triplets of phones are compared: of A and X, which are the same phone, and B, another one, is X nearer to A?
///
/// As the ZeroSpeech challenges and fastabx (Poli et al. 2025) have it. All three stand between the same phones
/// (unless any context will do). *Within* speakers one speaker says all three; *across* them A and B are one
/// speaker's and X another's.
public struct ABXTask: Sendable, Equatable {
  /// Whether X is said by the speaker of A and B (`within`) or by another one (`across`).
  public enum Speakers: String, Sendable, CaseIterable, Codable { case within, across }

  /// All triplets of one pair of phones in one context by the same speakers; numbers are places among the items.
  struct Cell: Sendable, Equatable {
    let phones: [Int]
    let speakers: [Int]
    let a, b, x: [Int]
    /// X are the A themselves, of which each is compared with the others.
    var isSymmetric: Bool { speakers.count == 1 }
    var triplets: Int { (isSymmetric ? a.count * (a.count - 1) : a.count * x.count) * b.count }
  }

  /// Whose X are compared.
  public let speakers: Speakers
  let cells: [Cell]

  /// The items that are compared with anything, ascending.
  public var items: [Int] { Set(cells.flatMap { $0.a + $0.b + $0.x }).sorted() }
  /// Pairs of phones in one context by the same speakers that have triplets.
  public var cellCount: Int { cells.count }
  /// All triplets of all cells.
  public var triplets: Int { cells.reduce(0) { $0 + $1.triplets } }

  private struct Group: Hashable { let context, speaker, phone: Int }

  /// - Parameters:
  ///   - items: what is compared.
  ///   - speakers: whether X is of the speaker of A and B or of another.
  ///   - sameContext: whether the three stand in one context; else contexts are not looked at.
  ///   - largestGroup: of each phone in one context by one speaker at most this many are drawn.
  ///   - otherSpeakers: for each A and B at most this many speakers of X are drawn.
  ///   - largestTask: at most this many cells are drawn.
  ///   - seed: of what is drawn.
  public init(
    _ items: [ABXItem], speakers: Speakers, sameContext: Bool = true, largestGroup: Int = 10,
    otherSpeakers: Int = 5, largestTask: Int = 20_000, seed: UInt64
  ) {
    var numbers = RandomNumbers(seed: seed, stream: "abx \(speakers.rawValue)")
    var members: [Group: [Int]] = [:]
    for (place, item) in items.enumerated() {
      members[
        Group(context: sameContext ? item.context : 0, speaker: item.speaker, phone: item.phone),
        default: []
      ]
      .append(place)
    }
    let groups = members.keys.sorted {
      ($0.context, $0.speaker, $0.phone) < ($1.context, $1.speaker, $1.phone)
    }
    for group in groups {
      guard let all = members[group], all.count > largestGroup else { continue }
      members[group] = numbers.permutation(all.count).prefix(largestGroup).map { all[$0] }.sorted()
    }
    var cells: [Cell] = []
    for own in Dictionary(grouping: groups, by: \.context).sorted(by: { $0.key < $1.key }).map(\.value) {
      let bySpeaker = Dictionary(grouping: own, by: \.speaker).sorted { $0.key < $1.key }
      for (speaker, phones) in bySpeaker {
        for a in phones {
          let others = own.filter { $0.phone == a.phone && $0.speaker != speaker }
          let drawn = numbers.permutation(others.count).prefix(otherSpeakers).map { others[$0] }
          for b in phones where b.phone != a.phone {
            let x = speakers == .within ? [a] : drawn.sorted { $0.speaker < $1.speaker }
            for x in x {
              let cell = Cell(
                phones: [a.phone, b.phone], speakers: x == a ? [speaker] : [speaker, x.speaker],
                a: members[a] ?? [], b: members[b] ?? [], x: members[x] ?? [])
              if cell.triplets > 0 { cells.append(cell) }
            }
          }
        }
      }
    }
    if cells.count > largestTask {
      cells = numbers.permutation(cells.count).prefix(largestTask).sorted().map { cells[$0] }
    }
    self.speakers = speakers
    self.cells = cells
  }
}
