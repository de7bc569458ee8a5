import Results
import Testing

@testable import Reports

@Suite("Numbers are spelt the same everywhere") struct NumberTextTests {
  @Test(
    "with fixed decimals and a true minus sign",
    arguments: [
      (0.0, 1, "0.0"), (-0.04, 1, "0.0"), (-0.05, 1, "−0.1"), (71.249, 1, "71.2"), (-1.5, 0, "−2"),
      (1e9, 1, "1000000000.0"), (.nan, 1, "NaN"), (-.infinity, 1, "−∞"),
    ])
  func fixed(value: Double, digits: Int, expected: String) {
    #expect(NumberText.fixed(value, digits) == expected)
  }

  @Test(
    "in data files with eight significant digits, and nothing where there is no number",
    arguments: [
      (0.712, "0.712"), (1.0 / 3, "0.33333333"), (-2.0, "-2"), (-0.0, "0"), (1e-12, "1e-12"),
      (123_456_789, "1.2345679e+08"), (.nan, ""), (.infinity, ""),
    ])
  func data(value: Double, expected: String) {
    #expect(NumberText.data(value) == expected)
    #expect(NumberText.data(nil).isEmpty)
  }

  @Test("a chance that is not zero is not spelt as zero; spans in seconds, of a text in characters")
  func spans() {
    let chances = [0, 1e-9, 0.000_049, 0.000_05, 0.5, 1].map(NumberText.probability)
    #expect(chances == ["0.0000", "< 0.0001", "< 0.0001", "0.0001", "0.5000", "1.0000"])
    #expect(NumberText.stretch(1.254, 1.306) == "1.25–1.31")
    #expect(NumberText.stretch(12, 17, isOfText: true) == "12–17")
  }

  @Test("read back within one part in ten million") func dataReadsBack() throws {
    for exponent in -30...30 {
      for mantissa in [1.0, 1.2345678901, 9.9999999999, -3.3333333333] {
        var value = mantissa
        for _ in 0..<abs(exponent) { value = exponent < 0 ? value / 10 : value * 10 }
        let read = try #require(Double(NumberText.data(value)))
        #expect(abs(read - value) <= 1e-7 * abs(value))
      }
    }
  }

  @Test func groupedAndDurations() {
    #expect(
      [0, 999, 1000, 94_371_712, -1234].map(NumberText.grouped) == [
        "0", "999", "1,000", "94,371,712", "−1,234",
      ])
    #expect([42, 372.4, 11_160].map(NumberText.duration) == ["42 s", "6.2 min", "3.1 h"])
    #expect([1, 1.5, -2.345, 10.999].map(NumberText.coordinate) == ["1", "1.5", "-2.35", "11"])
  }

  @Test("shares in percent, bits in bits, an interval only where there is one") func measures() {
    let estimate = Estimate(value: 0.712, low: 0.68, high: 0.741)
    #expect(MeasureFormat(.accuracy).interval(estimate) == "71.2 [68.0, 74.1]")
    #expect(MeasureFormat(.accuracy).intervalWithUnit(estimate) == "71.2 % [68.0, 74.1]")
    #expect(MeasureFormat(.accuracy).gain(estimate) == "+71.2 [68.0, 74.1]")
    #expect(MeasureFormat(.bits).interval(estimate) == "0.71 [0.68, 0.74]")
    #expect(MeasureFormat(.logLoss).interval(Estimate(value: 1, low: 1, high: 1)) == "1.000")
  }

  @Test("lists and runs of layers in words") func words() throws {
    #expect(list([]) == "")
    #expect(list(["a"]) == "a")
    #expect(list(["a", "b"], "or") == "a or b")
    #expect(list(["a", "b", "c"]) == "a, b and c")
    let level = try #require(SyntheticStudy.small.levels.first)
    let layers = level.layers.map(\.layer)
    #expect(
      level.ranges(of: [layers[8], layers[9], layers[10], layers[12]]) == "hidden.0–hidden.2 and hidden.4")
    #expect(level.ranges(of: [layers[0], layers[1]]) == "conv.1 and conv.2")
    #expect(level.ranges(of: layers) == "conv.1–hidden.6")
  }

  @Test("the headline tells what is encoded, what is not, what is open, and where") func headline() {
    var study = SyntheticStudy.small
    #expect(
      study.headline == [
        "By these data the model encodes phonemes and syllables.",
        "Whether it encodes words is undecided.",
        "Phonemes are read best at hidden.2, syllables at hidden.4 and words at hidden.5.",
      ])
    study.levels[1].verdict?.decision = .notEncoded
    #expect(study.headline[1] == "Nothing shows that it encodes syllables.")
    study.levels = []
    #expect(study.headline.isEmpty)
    #expect(study.question == "Which layers of w2v2-tiny-phones encode the speech hierarchy?")
  }

  @Test("doubts: leaks, derived labels, a wide peak, too little data") func doubts() {
    var level = SyntheticStudy.small.levels[2]
    level.leaks = true
    level.isDerived = true
    #expect(
      level.doubts == [
        "Training and test share speakers or sentences, so the numbers may be too high.",
        "The word labels come from other tiers by rule.",
        "hidden.3, hidden.4 and hidden.6 cannot be told from the peak.",
        "About 410 utterances like these would decide.",
        "Left out: 2 classes (81 spans) with fewer than 10 examples: “rare 0” 80, “rare 1” 1.",
      ])
  }
}
