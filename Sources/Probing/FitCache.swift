import Foundation
import Tensors

/// Keeps finished fits, so that an interrupted study does not make them again.
///
/// Keys tell the fits of one `ProbeStudy` from each other. A cache must hold those of one study only: of the same
/// examples, splits, definition and seed.
public protocol FitCache: Sendable {
  /// What was kept under `key`; nil where nothing was, or where it is damaged.
  func fit(for key: String) -> Data?
  /// Keeps a finished fit. What cannot be kept is made again next time, so nothing is thrown.
  func keep(_ fit: Data, for key: String)
}

extension StudyRunner {
  /// The outcome of one fit: what was kept under `key`, else what `make` gives, which is kept.
  func kept(_ key: String, testing rows: Int, _ make: () throws -> FoldOutcome) throws -> FoldOutcome {
    guard let cache = study.fits else { return try make() }
    if let data = cache.fit(for: key), let outcome = FoldOutcome(kept: data, testing: rows) {
      return outcome
    }
    let outcome = try make()
    cache.keep(outcome.kept, for: key)
    return outcome
  }
}

extension StudyRunner.FoldOutcome {
  private static let version: Int64 = 8

  /// Little-endian: version, penalty, whether it converged; then, each behind its count, trials, answers, the hits of
  /// each draw of the control task, and the answers of each refit.
  var kept: Data {
    var numbers = KeptWriter()
    numbers.add(Int(Self.version))
    numbers.add(penalty)
    numbers.add(isConverged ? 1 : 0)
    numbers.add(trials.count)
    for trial in trials {
      numbers.add(trial.penalty)
      numbers.add(trial.loss)
    }
    numbers.add(answers)
    numbers.add(controlHits?.count ?? -1)
    for draw in controlHits ?? [] {
      for hit in draw { numbers.add(hit.map { $0 ? 1 : 0 } ?? 2) }
    }
    numbers.add(refits.count)
    for refit in refits { numbers.add(refit) }
    return numbers.data
  }

  /// Nil unless `data` is what `kept` gives of a fit that was tested on so many `rows`.
  init?(kept data: Data, testing rows: Int) {
    var reader = KeptNumbers(data)
    guard reader.integer() == Int(Self.version), let penalty = reader.double(),
      let converged = reader.integer(), let trialCount = reader.count(of: 2)
    else { return nil }
    var trials: [PenaltySearch.Trial] = []
    for _ in 0..<trialCount {
      guard let penalty = reader.double(), let loss = reader.double() else { return nil }
      trials.append(PenaltySearch.Trial(penalty: penalty, loss: loss))
    }
    guard let answers = reader.answers(rows: rows), let draws = reader.integer() else { return nil }
    self.init(penalty: penalty, trials: trials, isConverged: converged == 1, answers: answers)
    if draws >= 0 {
      guard draws <= data.count / 8 else { return nil }
      var hits: [[Bool?]] = []
      for _ in 0..<draws {
        let found = (0..<rows).compactMap { _ in reader.integer() }
        guard found.count == rows, found.allSatisfy((0...2).contains) else { return nil }
        hits.append(found.map { $0 == 2 ? nil : $0 == 1 })
      }
      controlHits = hits
    }
    guard let refitCount = reader.count(of: 1) else { return nil }
    for _ in 0..<refitCount {
      guard let answers = reader.answers(rows: rows) else { return nil }
      refits.append(answers)
    }
    guard reader.isAtEnd else { return nil }
  }
}

/// Writes eight-byte numbers one after the other.
private struct KeptWriter {
  var data = Data()

  mutating func add(_ number: Int) {
    withUnsafeBytes(of: Int64(number).littleEndian) { data.append(contentsOf: $0) }
  }

  mutating func add(_ number: Double) {
    withUnsafeBytes(of: number.bitPattern.littleEndian) { data.append(contentsOf: $0) }
  }

  /// 0 and a label and a logarithm a row, or 1, the number of outputs, and these.
  mutating func add(_ answers: StudyRunner.Answers) {
    switch answers {
    case .classes(let guesses):
      add(0)
      for guess in guesses {
        add(guess.label)
        add(guess.logProbability)
      }
    case .numbers(let matrix):
      add(1)
      add(matrix.columns)
      for value in matrix.values { add(value) }
    }
  }
}

/// Eight-byte numbers one after the other; nil beyond the end.
private struct KeptNumbers {
  private let bytes: [UInt8]
  private var place = 0

  init(_ data: Data) { bytes = Array(data) }

  var isAtEnd: Bool { place == bytes.count }

  private mutating func next() -> UInt64? {
    guard place <= bytes.count - 8 else { return nil }
    defer { place += 8 }
    return bytes.withUnsafeBytes {
      UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: UInt64.self))
    }
  }

  mutating func integer() -> Int? { next().map { Int(Int64(bitPattern: $0)) } }

  mutating func double() -> Double? { next().map(Double.init(bitPattern:)) }

  /// Of so many rows.
  mutating func answers(rows: Int) -> StudyRunner.Answers? {
    switch integer() {
    case 0:
      var guesses: [Prediction] = []
      for _ in 0..<rows {
        guard let label = integer(), let logProbability = double() else { return nil }
        guesses.append(Prediction(label: label, logProbability: logProbability))
      }
      return .classes(guesses)
    case 1:
      guard let columns = count(of: rows) else { return nil }
      let values = (0..<(rows * columns)).compactMap { _ in double() }
      guard values.count == rows * columns else { return nil }
      return .numbers(Matrix(rows: rows, columns: columns, values: values))
    default: return nil
    }
  }

  /// A count of things that take `numbers` numbers each, all of which must be there.
  mutating func count(of numbers: Int) -> Int? {
    guard let count = integer(), count >= 0, count <= (bytes.count - place) / 8 / max(1, numbers) else {
      return nil
    }
    return count
  }
}
