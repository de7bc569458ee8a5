import ArgumentParser
import Strata

/// What the user knows about activations that were made elsewhere.
struct ImportOptions: ParsableArguments {
  @Option(
    help: """
      MODEL is activations made elsewhere, whose frames are this far apart (20ms, 0.02s): arrays [frames × dim] called \
      UTTERANCE/LAYER in safetensors, npz, HDF5, torch or Kaldi files.
      """)
  var hop: String?

  @Option(help: "The centre of their first frame (12.5ms, 0.0125s). Default: half a hop.")
  var firstCentre: String?

  @Flag(
    help: "A hop over 1 s, a first centre beyond five hops or a rate below 1 kHz is meant as it stands.")
  var unusualTiming = false

  func settings() throws -> ImportSettings {
    var settings = ImportSettings()
    settings.hop = try length(hop, "--hop")
    settings.firstCentre = try length(firstCentre, "--first-centre")
    settings.isUnusual = unusualTiming
    return settings
  }

  private func length(_ text: String?, _ option: String) throws -> ImportSettings.Length? {
    guard let text else { return nil }
    guard let length = ImportSettings.Length(text) else {
      throw ValidationError(
        "\(option) takes a length of time and its unit, such as 20ms, 0.02s or 320samples, not “\(text)”.")
    }
    return length
  }
}
