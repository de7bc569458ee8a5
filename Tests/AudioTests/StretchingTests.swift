import Foundation
import Foundations
import Testing

@testable import Audio

@Suite("Sound at another tempo and pitch") struct StretchingTests {
  private let rate = 16_000

  private func tone(_ hertz: Double, seconds: Double = 1.5) -> Waveform {
    Waveform(
      samples: (0..<Int(seconds * Double(rate))).map {
        Float(0.5 * sin(2 * .pi * hertz * Double($0) / Double(rate)))
      }, samplingRate: rate)
  }

  /// The frequency of a tone by its upward crossings of zero, in the middle of the sound.
  private func frequency(_ sound: Waveform) -> Double {
    let middle = Array(sound.samples[sound.samples.count / 4..<sound.samples.count * 3 / 4])
    let crossings = zip(middle, middle.dropFirst()).count { $0 < 0 && $1 >= 0 }
    return Double(crossings) * Double(rate) / Double(middle.count)
  }

  private func loudness(_ samples: ArraySlice<Float>) -> Double {
    (samples.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(1, samples.count))).squareRoot()
  }

  @Test("another tempo changes the length and not the pitch", arguments: [0.5, 0.8, 1.25, 2])
  func tempo(_ tempo: Double) {
    let sound = tone(220).stretched(tempo: tempo)
    #expect(sound.samples.count == Int((1.5 * Double(rate) / tempo).rounded()))
    #expect(abs(frequency(sound) - 220) < 4)
    // As loud as it was, all the way.
    for start in stride(from: 1600, to: sound.samples.count - 3200, by: 1600) {
      #expect(abs(loudness(sound.samples[start..<(start + 1600)]) - 0.5 / 2.0.squareRoot()) < 0.02)
    }
  }

  @Test("another pitch changes the frequency and not the length", arguments: [-12.0, -3, 3, 7])
  func pitch(_ semitones: Double) throws {
    let sound = try tone(220).pitched(semitones: semitones)
    #expect(sound.samples.count == tone(220).samples.count)
    #expect(abs(frequency(sound) - 220 * pow(2, semitones / 12)) < 5)
  }

  @Test("a moment of the sound lies where the tempo says, to ten milliseconds", arguments: [0.8, 1.25])
  func moments(_ tempo: Double) throws {
    var samples = [Float](repeating: 0, count: 2 * rate)
    var numbers = RandomNumbers(seed: 1, stream: "burst")
    // Noise from 1 s on, silence before.
    for place in rate..<(rate + rate / 2) { samples[place] = Float(0.3 * numbers.normal()) }
    let sound = Waveform(samples: samples, samplingRate: rate).stretched(tempo: tempo)
    let first = try #require(sound.samples.firstIndex { abs($0) > 0.02 })
    #expect(abs(Double(first) / Double(rate) - 1 / tempo) < 0.025)
  }

  @Test("no change leaves the sound as it is; short and empty sounds are no fault")
  func edges() throws {
    let sound = tone(220)
    #expect(sound.stretched(tempo: 1) == sound)
    #expect(try sound.pitched(semitones: 0) == sound)
    let short = Waveform(samples: [0.1, 0.2, 0.3], samplingRate: rate)
    #expect(short.stretched(tempo: 0.5).samples.count == 6)
    #expect(try short.pitched(semitones: 3).samples.count == 3)
    let empty = Waveform(samples: [], samplingRate: rate)
    #expect(empty.stretched(tempo: 2) == empty)
    #expect(empty.with(noise: [], decibels: 10) == empty)
  }

  @Test("noise has the power that was asked for", arguments: [20.0, 0])
  func noise(_ decibels: Double) {
    let sound = tone(220)
    var numbers = RandomNumbers(seed: 1, stream: "noise")
    let noisy = sound.with(noise: sound.samples.map { _ in Float(numbers.normal()) }, decibels: decibels)
    let difference = zip(noisy.samples, sound.samples).map { $0 - $1 }
    let ratio = loudness(sound.samples[...]) / loudness(difference[...])
    #expect(abs(20 * log10(ratio) - decibels) < 0.2)
    let silence = Waveform(samples: [0, 0, 0], samplingRate: rate)
    #expect(silence.with(noise: [1, 1, 1], decibels: 0) == silence)
  }
}
