import Audio
import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Probing

@Suite("What is measured of a sound")
struct SoundMeasuresTests {
  private func tone(_ frequency: Double, amplitude: Double = 0.5, seconds: Double = 0.5) -> Waveform {
    Waveform(
      samples: (0..<Int(seconds * 16_000)).map {
        Float(amplitude * sin(2 * .pi * frequency * Double($0) / 16_000))
      }, samplingRate: 16_000)
  }

  @Test("a tone's pitch, energy and centroid", arguments: [100.0, 200, 440])
  func tones(frequency: Double) throws {
    let sound = try SoundMeasures(tone(frequency))
    let pitch = try #require(sound.logPitch(at: 0.25))
    #expect(abs(exp(pitch) - frequency) < 0.005 * frequency)
    // A sine's mean square is half its amplitude's: 10·log₁₀ 0.125, within a part of a period.
    #expect(abs(sound.energy(at: 0.25) + 9.03) < 0.3)
  }

  @Test("the centroid of a tone is its frequency, in kHz")
  func centroid() throws {
    let centroid = try #require(SoundMeasures(tone(2000)).spectralCentroid(at: 0.25))
    #expect(abs(centroid - 2) < 0.02)
  }

  @Test("noise and silence have no pitch, silence no centroid, and the ends of a sound are no fault")
  func unvoiced() throws {
    let noise = Waveform(samples: gaussian(8000, 1, "noise").values.map { 0.1 * $0 }, samplingRate: 16_000)
    let sound = try SoundMeasures(noise)
    #expect((1...9).count { sound.logPitch(at: 0.05 * Double($0)) != nil } <= 1)
    let silence = try SoundMeasures(
      Waveform(samples: [Float](repeating: 0, count: 8000), samplingRate: 16_000))
    #expect(silence.logPitch(at: 0.2) == nil && silence.spectralCentroid(at: 0.2) == nil)
    #expect(silence.energy(at: 0.2) == -100)
    for time in [0.0, 0.5, 9] {
      #expect(sound.energy(at: time).isFinite && sound.melBands(at: time).count == SoundMeasures.bands)
    }
  }
}

@Suite("A lexicon")
struct LexiconTests {
  @Test("is a table with named columns")
  func table() throws {
    let lexicon = try Lexicon("word\tfrequency\tpos\nThe\t1000\tDET\nof\t500\t\n\n", path: "w.tsv")
    #expect(lexicon.entries["the"] == Lexicon.Entry(partOfSpeech: "DET", frequency: 1000))
    #expect(lexicon.entries["of"] == Lexicon.Entry(partOfSpeech: nil, frequency: 500))
    #expect(lexicon.entries.count == 2)
  }

  @Test(
    "that is none is refused with its line",
    arguments: [
      ("", "w.tsv:1"), ("word\n", "w.tsv:1"), ("word\tpos\nthe\n", "w.tsv:2"),
      ("word\tfrequency\nthe\t5\nof\t-1", "w.tsv:3"), ("word\tfrequency\nthe\tmany", "many"),
    ])
  func wrong(text: String, words: String) {
    let error = #expect(throws: ProbeSpecError.self) { try Lexicon(text, path: "w.tsv") }
    #expect(error?.description.contains(words) == true)
  }
}
