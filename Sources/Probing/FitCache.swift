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
  private static let version: Int64 = 1

  /// Little-endian: version, penalty, whether it converged; then, each behind its count, trials, predictions,
  /// a regression's numbers and the hits of the control task.
  var kept: Data {
    var data = Data()
    func add(_ number: Int) {
      withUnsafeBytes(of: Int64(number).littleEndian) { data.append(contentsOf: $0) }
    }
    func add(_ number: Double) {
      withUnsafeBytes(of: number.bitPattern.littleEndian) { data.append(contentsOf: $0) }
    }
    add(Int(Self.version))
    add(penalty)
    add(isConverged ? 1 : 0)
    add(trials.count)
    for trial in trials {
      add(trial.penalty)
      add(trial.loss)
    }
    add(guesses.count)
    for guess in guesses {
      add(guess.label)
      add(guess.logProbability)
    }
    add(numbers?.rows ?? -1)
    if let numbers {
      add(numbers.columns)
      numbers.values.forEach(add)
    }
    add(controlHits?.count ?? -1)
    for hit in controlHits ?? [] { add(hit.map { $0 ? 1 : 0 } ?? 2) }
    return data
  }

  /// Nil unless `data` is what `kept` gives of a fit that was tested on so many `rows`.
  init?(kept data: Data, testing rows: Int) {
    var reader = KeptNumbers(data)
    guard reader.integer() == Int(Self.version), let penalty = reader.double(),
      let converged = reader.integer(), let trials = reader.count(of: 2)
    else { return nil }
    self.init(penalty: penalty, trials: [], isConverged: converged == 1)
    for _ in 0..<trials {
      guard let penalty = reader.double(), let loss = reader.double() else { return nil }
      self.trials.append(PenaltySearch.Trial(penalty: penalty, loss: loss))
    }
    guard let guesses = reader.count(of: 2) else { return nil }
    for _ in 0..<guesses {
      guard let label = reader.integer(), let logProbability = reader.double() else { return nil }
      self.guesses.append(Prediction(label: label, logProbability: logProbability))
    }
    guard let numberRows = reader.integer() else { return nil }
    if numberRows >= 0 {
      guard numberRows == rows, let columns = reader.count(of: rows) else { return nil }
      let values = (0..<(rows * columns)).compactMap { _ in reader.double() }
      guard values.count == rows * columns else { return nil }
      numbers = Matrix(rows: rows, columns: columns, values: values)
    }
    guard numbers != nil || guesses == rows, let hits = reader.integer() else { return nil }
    if hits >= 0 {
      let found = (0..<rows).compactMap { _ in reader.integer() }
      guard hits == rows, found.count == rows, found.allSatisfy((0...2).contains) else { return nil }
      controlHits = found.map { $0 == 2 ? nil : $0 == 1 }
    }
    guard reader.isAtEnd else { return nil }
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

  /// A count of things that take `numbers` numbers each, all of which must be there.
  mutating func count(of numbers: Int) -> Int? {
    guard let count = integer(), count >= 0, count <= (bytes.count - place) / 8 / max(1, numbers) else {
      return nil
    }
    return count
  }
}
