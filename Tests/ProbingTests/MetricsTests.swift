import Foundation
import Foundations
import Results
import Tensors
import Testing

@testable import Probing

@Suite("Metrics and their resamples")
struct MetricsTests {
  private let truth = [0, 0, 1, 1, 1, 2, 2, 2, 2, 0]
  private let predicted = [0, 1, 1, 1, 2, 2, 2, 0, 2, 0]
  private let clusters = [0, 0, 0, 1, 1, 1, 2, 2, 2, 2]

  private func tally(_ rows: some Sequence<Int>, logProbability: Double = log(0.5)) -> ClusterCounts {
    var tally = ClusterCounts(clusters: 3, .classes(3))
    for row in rows {
      tally.add(
        cluster: clusters[row], truth: truth[row], prediction: predicted[row],
        logProbability: logProbability)
    }
    return tally
  }

  @Test("are scikit-learn's")
  func scikitLearn() {
    let found = Bootstrap(clusters: 3, resamples: 5, seed: 1).metrics(of: tally(0..<10))
    #expect(abs(found[.accuracy].values[0] - 0.7) < 1e-12)
    #expect(abs(found[.balancedAccuracy].values[0] - 0.6944444444444443) < 1e-12)
    #expect(abs(found[.macroF1].values[0] - 0.6944444444444443) < 1e-12)
  }

  @Test("bits are the labels' entropy less the log loss, in bits")
  func bits() {
    let found = Bootstrap(clusters: 3, resamples: 5, seed: 1).metrics(of: tally(0..<10))
    let entropy = -(0.3 * log2(0.3) + 0.3 * log2(0.3) + 0.4 * log2(0.4))
    #expect(abs(found[.logLoss].values[0] - log(2)) < 1e-12)
    #expect(abs(found[.bits].values[0] - (entropy - 1)) < 1e-12)
  }

  @Test("a resample is what its clusters' examples give, counted one by one")
  func naiveResampling() {
    let bootstrap = Bootstrap(clusters: 3, resamples: 50, seed: 7)
    let found = bootstrap.metrics(of: tally(0..<10))
    for resample in 1...50 {
      let rows = (0..<10).flatMap { row in
        Array(repeating: row, count: Int(bootstrap.weights[resample, clusters[row]]))
      }
      let right = rows.count { truth[$0] == predicted[$0] }
      #expect(abs(found[.accuracy].values[resample] - Double(right) / Double(rows.count)) < 1e-12)
      let recalls = Set(rows.map { truth[$0] }).map { label in
        let own = rows.filter { truth[$0] == label }
        return Double(own.count { predicted[$0] == label }) / Double(own.count)
      }
      let balanced = recalls.reduce(0, +) / Double(recalls.count)
      #expect(abs(found[.balancedAccuracy].values[resample] - balanced) < 1e-12)
    }
  }

  @Test("a difference of a number and itself is zero on every resample")
  func paired() {
    let draws = Bootstrap(clusters: 3, resamples: 20, seed: 2).metrics(of: tally(0..<10))[.accuracy]
    #expect((draws - draws).values.allSatisfy { $0 == 0 })
    #expect((draws - draws).pValue == 1)
  }

  @Test("Holm's correction rejects step by step")
  func holm() {
    // 0.01 ≤ 0.05/4, 0.015 ≤ 0.05/3, 0.03 > 0.05/2: the rest stands, 0.04 too.
    #expect(holmRejections([0.03, 0.01, 0.04, 0.015]) == [false, true, false, true])
    #expect(holmRejections([]) == [])
    #expect(holmRejections([0.05]) == [true])
  }

  @Test("95 % intervals of a mean hold it in about 95 of 100 runs")
  func coverage() {
    var numbers = RandomNumbers(seed: 11)
    var held = 0
    for run in 0..<400 {
      // 40 clusters of 5 examples, right with probability 0.7.
      var tally = ClusterCounts(clusters: 40, .classes(2))
      for cluster in 0..<40 {
        for _ in 0..<5 {
          let isRight = numbers.uniform() < 0.7
          tally.add(cluster: cluster, truth: 0, prediction: isRight ? 0 : 1, logProbability: -1)
        }
      }
      let bootstrap = Bootstrap(clusters: 40, resamples: 300, seed: UInt64(run))
      let estimate = bootstrap.metrics(of: tally)[.accuracy].estimate()
      if estimate.low <= 0.7, estimate.high >= 0.7 { held += 1 }
    }
    // 95 % ± three standard errors, and a little less.
    #expect((365...395).contains(held), "\(held) of 400")
  }
}

@Suite("Intervals and their numbers") struct DrawsTests {
  @Test("quantiles are numpy's, linear between the values")
  func quantiles() {
    let sorted = [1.0, 2, 4, 8]
    #expect(quantile(sorted, 0) == 1 && quantile(sorted, 1) == 8 && quantile(sorted, 0.5) == 3)
    #expect(abs(quantile(sorted, 0.9) - 6.8) < 1e-12)
    #expect(quantile([5], 0.3) == 5)
  }

  @Test("an estimate leaves out resamples on which the number is not defined")
  func undefined() {
    let draws = Draws(values: [0.5, 0.4, .nan, 0.6, .infinity])
    let estimate = draws.estimate(coverage: 1)
    #expect(estimate.value == 0.5 && estimate.low == 0.4 && estimate.high == 0.6)
    // An interval holds its own value, and stays where numbers of its kind can be.
    let biased = Draws(values: [0.5, 0.1, 0.2, 1.3]).estimate(coverage: 1, within: 0...1)
    #expect(biased.low == 0.1 && biased.high == 1)
    let below = Draws(values: [0.5, 0.1, 0.2]).estimate()
    #expect(below.high == 0.5)
    let none = Draws(values: [0.5]).estimate()
    #expect(none.low == 0.5 && none.high == 0.5)
  }

  /// Two standard deviations from zero: 2·Φ(−2) = 0.0455.
  @Test("p-values are the normal distribution's")
  func pValues() {
    let spread = Draws(values: [2] + [-1, 1].map { 2 + $0 * (0.5).squareRoot() })
    #expect(abs(spread.pValue - 0.0455) < 1e-4)
    #expect(Draws(values: [1, 1, 1]).pValue == 0 && Draws(values: [0, 0, 0]).pValue == 1)
  }

  /// Of scipy 1.17's `stats.t`.
  @Test("Student's t is scipy's, and near the normal distribution for many")
  func studentT() {
    #expect(abs(StudentT.quantile(twoSidedTail: 0.05, degreesOfFreedom: 11) - 2.200985160082949) < 1e-9)
    #expect(abs(StudentT.quantile(twoSidedTail: 0.05, degreesOfFreedom: 1) - 12.706204736432095) < 1e-7)
    #expect(abs(StudentT.twoSided(2, degreesOfFreedom: 5) - 0.10193947882985835) < 1e-12)
    #expect(abs(StudentT.twoSided(1.959964, degreesOfFreedom: 1e6) - 0.05) < 1e-5)
    #expect(StudentT.twoSided(0, degreesOfFreedom: 3) == 1)
  }

  @Test("intervals from few clusters are wider, as the t distribution asks")
  func expanded() {
    let values = [0.0] + (0..<10_000).map { Double($0) / 9_999 - 0.5 }
    let (plain, few) = (Draws(values: values).estimate(), Draws(values: values, clusters: 12).estimate())
    #expect(abs(plain.high - 0.475) < 1e-9)
    // 2.2010 · √(12/11) = 2.2988 standard deviations: 1.0757 % on each side.
    #expect(abs(few.high - (0.5 - 0.010757)) < 1e-5 && abs(few.low + few.high) < 1e-12)
    let many = Draws(values: values, clusters: 100_000).estimate()
    #expect(abs(many.high - plain.high) < 1e-4)
    #expect(Draws(values: [1, 0.5, 1, 1.5], clusters: 4).pValue > Draws(values: [1, 0.5, 1, 1.5]).pValue)
  }

  @Test("the mean of twins is taken resample by resample")
  func mean() {
    let mean = Draws.mean([Draws(values: [1, 2]), Draws(values: [3, 6])])
    #expect(mean == Draws(values: [2, 4]) && Draws.mean([]) == nil)
  }

  @Test("a class that is predicted but does not occur has no F1; one never predicted has zero")
  func macroF1() {
    var tally = ClusterCounts(clusters: 1, .classes(3))
    tally.add(cluster: 0, truth: 0, prediction: 0, logProbability: 0)
    tally.add(cluster: 0, truth: 0, prediction: 2, logProbability: 0)
    tally.add(cluster: 0, truth: 1, prediction: 0, logProbability: 0)
    let found = Bootstrap(clusters: 1, resamples: 1, seed: 0).metrics(of: tally).values[0]
    // F1 of 0 is 2·1/(2 + 2), of 1 it is 0 (scikit-learn: labels=[0, 1], zero_division=0).
    #expect(found.macroF1 == 0.25 && found.balancedAccuracy == 0.25)
  }

  @Test("no example gives zeros, not NaN")
  func empty() {
    let found = Bootstrap(clusters: 1, resamples: 1, seed: 0).metrics(
      of: ClusterCounts(clusters: 1, .classes(2)))
    #expect(found.values.allSatisfy { $0 == MetricValues() })
  }
}

@Suite("What is said of several numbers at once") struct SimultaneousInferenceTests {
  /// Means of `clusters` normal values with standard deviation 1, whose resamples are drawn as `Bootstrap` draws them.
  private func draws(
    _ means: [Double], shared: Double, clusters: Int, using numbers: inout RandomNumbers
  ) -> [Draws] {
    let bootstrap = Bootstrap(clusters: clusters, resamples: 400, seed: numbers.next())
    let common = (0..<clusters).map { _ in numbers.normal() }
    return means.map { mean in
      var values = Matrix(rows: clusters, columns: 1)
      for row in 0..<clusters {
        values[row, 0] =
          mean + shared.squareRoot() * common[row] + (1 - shared).squareRoot() * numbers.normal()
      }
      let sums = bootstrap.sums(of: values)
      return Draws(values: sums.values.map { $0 / Double(clusters) }, clusters: clusters)
    }
  }

  @Test("of equal numbers one is left out in at most about 5 % of studies", arguments: [8, 24])
  func equal(count: Int) {
    var numbers = RandomNumbers(seed: UInt64(count))
    let wrong = (0..<120).count { _ in
      let draws = draws(
        Array(repeating: 0, count: count), shared: 0.5, clusters: 40, using: &numbers)
      return SimultaneousInference.possibleBest(draws).contains(false)
    }
    // 6 expected, ± 2.4.
    #expect(wrong <= 12, "\(wrong) of 120")
  }

  @Test("what is clearly less than the best is left out, and the best never is")
  func best() {
    var numbers = RandomNumbers(seed: 5)
    let found = draws([0, 2, 2.02, 1], shared: 0.9, clusters: 40, using: &numbers)
    #expect(SimultaneousInference.possibleBest(found) == [false, true, true, false])
    #expect(SimultaneousInference.possibleBest([found[0]]) == [true])
    #expect(SimultaneousInference.possibleBest([]).isEmpty)
    // A copy is tied with itself, and nothing else changes.
    let copies = SimultaneousInference.possibleBest([found[1], found[1], found[0]])
    #expect(copies == [true, true, false])
  }

  @Test("of differences that are all zero hardly a family has one beyond chance")
  func zero() {
    var numbers = RandomNumbers(seed: 6)
    let wrong = (0..<100).count { _ in
      let draws = draws(Array(repeating: 0, count: 12), shared: 0, clusters: 12, using: &numbers)
      return SimultaneousInference.beyondChance(draws).contains(true)
    }
    #expect(wrong <= 11, "\(wrong) of 100")
    let clear = draws([0, 3], shared: 0, clusters: 12, using: &numbers)
    #expect(SimultaneousInference.beyondChance(clear) == [false, true])
  }
}

@Suite("Training sets that might have been") struct TrainingVarianceTests {
  private func tally(right: Int, of count: Int) -> ClusterCounts {
    var tally = ClusterCounts(clusters: 20, .classes(2))
    for example in 0..<count {
      tally.add(
        cluster: example % 20, truth: example % 2,
        prediction: example < right ? example % 2 : 1 - example % 2,
        logProbability: log(0.5))
    }
    return tally
  }

  /// Accuracies of 0.70, 0.72 … 0.78 without one group each have a jackknife variance of 4/5 · 0.004.
  @Test("widen intervals by the jackknife's variance, alike for all that is compared")
  func jackknife() throws {
    let bootstrap = Bootstrap(clusters: 20, resamples: 4000, seed: 1)
    let refits = (0..<5).map { tally(right: 140 + 4 * $0, of: 200) }
    let (plain, moved) = (
      bootstrap.metrics(of: tally(right: 150, of: 200))[.accuracy],
      bootstrap.metrics(of: tally(right: 150, of: 200), refits: refits)[.accuracy]
    )
    #expect(moved.values[0] == plain.values[0])
    let (before, after) = (try #require(plain.standardError), try #require(moved.standardError))
    let added = (after * after - before * before) * 19 / 20
    #expect(abs(added - 0.8 * 0.004) < 0.0004, "\(added)")
    // A rival that hangs on training alike differs from it by what is tested alone.
    let rival = bootstrap.metrics(of: tally(right: 150, of: 200), refits: refits)[.accuracy]
    #expect((moved - rival).values.allSatisfy { abs($0) < 1e-12 })
  }

  @Test("bits keep the entropy of all labels in every resample, so that an interval holds its own value")
  func bits() {
    var tally = ClusterCounts(clusters: 15, .classes(40))
    var numbers = RandomNumbers(seed: 2)
    for example in 0..<900 {
      let label = numbers.index(below: 40)
      tally.add(cluster: example % 15, truth: label, prediction: label, logProbability: -0.001)
    }
    let bits = Bootstrap(clusters: 15, resamples: 500, seed: 3).metrics(of: tally)[.bits]
    let estimate = bits.estimate()
    #expect(estimate.low <= estimate.value && estimate.value <= estimate.high)
    #expect(estimate.high - estimate.low < 0.01, "\(estimate)")
  }
}
