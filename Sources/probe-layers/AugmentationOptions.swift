import ArgumentParser
import Foundation
import Strata

/// What is changed at random in what a model learns from.
struct AugmentationOptions: ParsableArguments {
  @Option(
    help:
      "The probability that a value between layers is set to zero in training (attention weights are not).")
  var dropout = 0.0

  @Option(help: "The probability that a block is left out in training.")
  var layerDrop = 0.0

  @Option(
    help: ArgumentHelp(
      "The share of frames that the mask vector stands in for in training (SpecAugment).",
      valueName: "share"))
  var maskTime = 0.0

  @Option(help: "Frames of a mask.")
  var maskTimeLength = 10

  @Option(
    help: ArgumentHelp("The share of channels that are set to zero in training.", valueName: "share"))
  var maskFeature = 0.0

  @Option(help: "Channels of a mask.")
  var maskFeatureLength = 10

  @Option(
    help: ArgumentHelp("Add noise in training: white, pink, or recordings of a folder.", valueName: "noise")
  )
  var noise: String?

  @Option(
    help: ArgumentHelp(
      "By how many decibels noise is weaker than speech, a number or a range. Default: 10-20.",
      valueName: "decibels"))
  var snr: String?

  @Option(
    help: ArgumentHelp(
      "Speeds, separated by commas, at one of which each recording is played in training, such as 0.9,1,1.1.",
      valueName: "speeds"))
  var speed: String?

  @Flag(help: "Learn from each class as often as from any other (utterance).")
  var balancedSampling = false

  func validate() throws {
    if snr != nil, noise == nil { throw ValidationError("--snr belongs to --noise.") }
    _ = try augmentation
  }

  var augmentation: Augmentation {
    get throws {
      var augmentation = Augmentation()
      (augmentation.dropout, augmentation.layerDrop) = (dropout, layerDrop)
      (augmentation.maskedFrames, augmentation.maskedFramesLength) = (maskTime, maskTimeLength)
      (augmentation.maskedChannels, augmentation.maskedChannelsLength) = (maskFeature, maskFeatureLength)
      augmentation.noise = noise.map(NoiseSource.init)
      if let snr { augmentation.signalToNoise = try Self.range(snr) }
      augmentation.speeds = try speed.map(Self.speeds) ?? []
      return augmentation
    }
  }

  private static func range(_ text: String) throws -> ClosedRange<Double> {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Double($0) }
    if let only = Double(text), only.isFinite { return only...only }
    guard ends.count == 2, let low = ends[0], let high = ends[1], low <= high, high.isFinite else {
      throw ValidationError("--snr takes a number of decibels, or a range such as 5-20, not “\(text)”.")
    }
    return low...high
  }

  private static func speeds(_ text: String) throws -> [Double] {
    try text.split(separator: ",").map { word in
      guard let speed = Double(word.trimmingCharacters(in: .whitespaces)), speed.isFinite else {
        throw ValidationError("--speed takes numbers separated by commas, not “\(text)”.")
      }
      return speed
    }
  }
}
