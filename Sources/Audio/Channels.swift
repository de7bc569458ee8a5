/// How much the channels of a recording have in common, from their energies.
///
/// `agreement` is the energy of the channels' mean over the mean of their energies: 1 where all are the same, about 1/n
/// where n channels have nothing to do with one another or one of them has all the sound, 0 where they cancel.
public struct ChannelComparison: Sendable, Equatable {
  /// How many channels were compared.
  public let channels: Int
  /// The energy of the channels' mean over the mean of their energies, 0 to 1.
  public let agreement: Double

  /// Channels that differ by more than what a lossy encoder does: 20 dB below the sound.
  public var differ: Bool { agreement < 0.99 }

  /// The mean has lost more than 10 dB against unrelated channels: one is the other turned round.
  public var cancel: Bool { agreement * Double(channels) < 0.1 }
}

/// Takes one channel, or the mean of all, out of interleaved blocks.
struct ChannelMixer {
  let channels: Int
  /// Counted from 0; nil for the mean.
  let channel: Int?

  func append(_ block: UnsafeBufferPointer<Float>, frames: Int, to samples: inout [Float]) {
    if channels == 1 {
      samples.append(contentsOf: block[..<frames])
      return
    }
    if let channel {
      for frame in 0..<frames { samples.append(block[frame * channels + channel]) }
      return
    }
    let scale = 1 / Float(channels)
    for frame in 0..<frames {
      var sum: Float = 0
      for channel in 0..<channels { sum += block[frame * channels + channel] }
      samples.append(sum * scale)
    }
  }
}

/// Sums the energies that a `ChannelComparison` is made of.
struct ChannelEnergies {
  private(set) var each = 0.0
  private(set) var mean = 0.0

  mutating func add(_ block: UnsafeBufferPointer<Float>, frames: Int, channels: Int) {
    for frame in 0..<frames {
      var sum = 0.0
      for channel in 0..<channels {
        let value = Double(block[frame * channels + channel])
        sum += value
        each += value * value
      }
      mean += sum * sum
    }
  }

  /// Silence agrees with itself.
  func comparison(channels: Int) -> ChannelComparison {
    ChannelComparison(channels: channels, agreement: each > 0 ? mean / (each * Double(channels)) : 1)
  }
}
