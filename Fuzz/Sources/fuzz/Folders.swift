import Activations
import Audio
import Checkpoints
import Corpora
import Foundation
import HDF5
import Models

/// The readers of what lies in files of its own beside others: each input is put into a folder, with what it needs.
let folderTargets: [String: Target] = [
  "audio": { bytes in
    with(bytes, at: "a.wav") { folder in
      _ = try Waveform.header(folder + "/a.wav")
      _ = try Waveform.read(folder + "/a.wav").samples.count
    }
  },
  "index": { bytes in
    with(bytes, at: "model.safetensors.index.json", beside: ["bert-made/model.safetensors"]) { folder in
      _ = try Checkpoint.open(folder + "/model.safetensors.index.json").tensors.count
    }
  },
  "architecture": { bytes in
    with(bytes, at: "architecture.yaml", beside: ["crnn/model.pt"]) { folder in
      _ = try SpeechModel.load(folder + "/model.pt").taps
    }
  },
  "configuration": { bytes in
    with(bytes, at: "config.json", beside: ["bert-made/model.safetensors", "bert-made/vocab.txt"]) {
      folder in
      _ = try TextModel.load(folder).taps
    }
  },
  "tokenizer": { bytes in
    with(bytes, at: "tokenizer.json", beside: ["bert-made/model.safetensors", "bert-made/config.json"]) {
      let model = try TextModel.load($0)
      _ = try model.tokens(of: "the cat's 3 naïve\u{301} 猫 <|x|>").count
    }
  },
  "hdf5": { bytes in
    with(bytes, at: "a.h5") { folder in
      let file = try HDF5File(folder + "/a.h5")
      _ = try file.attributes()
      for name in file.names.prefix(20) {
        _ = try? file.attributes(of: name)
        _ = try? file.tensor(name).values.count
      }
    }
  },
  // A script, and the archive that it leads into, with `%%%` between.
  "kaldi": { bytes in
    let parts = parts(of: bytes)
    with(parts[0], at: "a.scp") { folder in
      try Data(parts.count > 1 ? parts[1] : []).write(to: URL(filePath: folder + "/a.ark"))
      try imported(folder)
    }
  },
  // activations.yaml, and a file of arrays.
  "activations": { bytes in
    let parts = parts(of: bytes)
    with(parts[0], at: "activations.yaml") { folder in
      try Data(parts.count > 1 ? parts[1] : []).write(to: URL(filePath: folder + "/a.npy"))
      try imported(folder)
    }
  },
]

private func parts(of bytes: [UInt8]) -> [[UInt8]] {
  let data = Data(bytes)
  guard let mark = data.range(of: Data("%%%\n".utf8)) else { return [bytes] }
  return [Array(data[..<mark.lowerBound]), Array(data[mark.upperBound...])]
}

/// Reads a folder of activations for one utterance, `a`.
private func imported(_ folder: String) throws {
  let utterance = Utterance(
    id: "a", audioPath: folder + "/a.wav", labelPath: folder + "/a.TextGrid", speaker: "s", sentence: "1",
    seconds: 1, tiers: [:])
  let source = try ImportedActivations.open(folder, for: [utterance])
  try source.forward(utterance, nil, taps: Set(source.taps.map(\.name)), threads: 1) { _, frames in
    _ = frames.firstNonFinite()
  }
}

/// Runs `body` on a folder with the bytes and links to `fixtures`; errors are what is hoped for.
private func with(
  _ bytes: [UInt8], at name: String, beside fixtures: [String] = [], _ body: (String) throws -> Void
) {
  let files = FileManager.default
  let folder = NSTemporaryDirectory() + "strata-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
  defer { try? files.removeItem(atPath: folder) }
  do {
    try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for fixture in fixtures {
      let path = files.currentDirectoryPath + "/fixtures/" + fixture
      try files.createSymbolicLink(
        atPath: folder + "/" + URL(filePath: path).lastPathComponent, withDestinationPath: path)
    }
    try Data(bytes).write(to: URL(filePath: folder + "/" + name))
    try body(folder)
  } catch { _ = "\(error)" }
}
