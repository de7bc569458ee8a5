import Attribution
import Checkpoints
import Files
import Foundation
import Reports
import Results
import Tensors

extension AttributionRun {
  /// Longer recordings are not put into the page.
  private static let longestSound = 120.0

  /// Writes `report.html`, `attribution.json`, `maps.npz`, `masks.csv`, `figures/` and, where the target is of a probe,
  /// `probe.safetensors`; all or none.
  /// - Throws: `ReportError` and `FileError` where the folder cannot be written, or a number that must be there is
  ///   none.
  public func write(
    _ result: AttributionResult, to folder: String, pictures: [PictureFormat] = [],
    records: [StudyWriter.Record] = []
  ) throws {
    let scratch = FileManager.default.temporaryDirectory.appending(path: "strata-\(UUID().uuidString)")
    try ResultFolder.makeFolder(scratch.path)
    defer { try? FileManager.default.removeItem(at: scratch) }
    let arrays = scratch.appending(path: "maps.npz")
    try NumpyWriter.writeArchive(Self.arrays(of: result), to: arrays.path)
    var extra = [
      ("maps.npz", try Data(contentsOf: arrays)), ("masks.csv", Data(Self.masks(of: result).utf8)),
    ]
    if let probe {
      let file = scratch.appending(path: "probe.safetensors")
      try probe.write(to: file.path)
      extra.append(("probe.safetensors", try Data(contentsOf: file)))
    }
    let isShort = sound.seconds <= Self.longestSound
    let others: [(figure: any Figure, text: String)?] = [
      try CrossAttentionFigure(result).map {
        (
          $0,
          "The decoder's cross-attention, block by block: the sound that the token before listens to as it foretells each "
            + "token. Where a text is read in order, dark places go down and to the right with the labels."
        )
      },
      try AttentionFigure(result).map {
        (
          $0,
          "What each attention head looks at: from each moment (down) at each other (across). Beneath, what it follows "
            + "with the share of its attention there, and by chance, with labels moved along the recording; its "
            + "entropy; and how far away it looks on average."
        )
      },
      FaithfulnessFigure(result).map {
        (
          $0,
          "A map that is true of the model makes the target fall fast when what it marks is hidden, "
            + "changes when weights are drawn at random, and stays in mild noise (Petsiuk 2018; Adebayo 2018)."
        )
      },
    ]
    try AttributionWriter.write(
      result, others: others.compactMap { $0 }, sound: isShort ? Data(sound.wav()) : nil, extra: extra,
      version: Release.version, to: folder, pictures: pictures, records: records)
  }

  /// What each map leans on most, as stretches of time and frequency: what an augmentation may mask.
  private static func masks(of result: AttributionResult) -> String {
    let rows = result.maps.flatMap { map in
      map.regions.map { region in
        "\(map.method),\"\(map.layer)\","
          + [region.start, region.end, region.low, region.high, region.share]
          .map { String(format: "%.6g", $0) }.joined(separator: ",")
      }
    }
    return (["method,layer,start_s,end_s,low_hz,high_hz,share"] + rows).joined(separator: "\n") + "\n"
  }

  /// METHOD/profile, METHOD/seconds and, where bands are told apart, METHOD/grid `[frames × bands]` and
  /// METHOD/hertz; of a decoder's text `decoder.cross_attention.k`, `[tokens × frames]`; `spectrogram` with
  /// `spectrogram/seconds`.
  private static func arrays(of result: AttributionResult) -> [(name: String, tensor: Tensor)] {
    func row(_ values: [Double]) -> Tensor { Tensor(values.map { Float($0) }, shape: [values.count]) }
    func times(_ count: Int, _ start: Double, _ step: Double) -> Tensor {
      row((0..<count).map { start + Double($0) * step })
    }
    let sound = result.spectrogram
    var arrays = [
      ("spectrogram", Tensor(sound.values, shape: [sound.frames, sound.bands])),
      ("spectrogram/seconds", times(sound.frames, sound.start, sound.step)),
    ]
    for (number, map) in result.maps.enumerated() {
      let isRepeated = result.maps.prefix(number).contains { $0.method == map.method }
      let name =
        map.method.lowercased().replacingOccurrences(of: " ", with: "-")
        + (isRepeated ? "-\(number + 1)" : "")
      arrays.append(("\(name)/profile", row(map.profile)))
      arrays.append(("\(name)/seconds", times(map.profile.count, map.start, map.step)))
      if let grid = map.grid {
        arrays.append(("\(name)/grid", Tensor(grid.values, shape: [grid.frames, grid.bands])))
      }
      if !map.bands.isEmpty {
        arrays.append(("\(name)/hertz", row(map.bands)))
        arrays.append(("\(name)/bands", row(map.bandProfile)))
      }
    }
    for block in result.listening?.blocks ?? [] {
      let weights = block.weights
      arrays.append((block.layer, Tensor(weights.values, shape: [weights.frames, weights.bands])))
    }
    return arrays
  }
}
