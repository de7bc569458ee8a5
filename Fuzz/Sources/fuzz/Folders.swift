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
    with(bytes, at: "model.safetensors.index.json", beside: ["fixtures/bert-made/model.safetensors"]) {
      folder in
      _ = try Checkpoint.open(folder + "/model.safetensors.index.json").tensors.count
    }
  },
  "architecture": { bytes in
    with(bytes, at: "architecture.yaml", beside: ["fixtures/crnn/model.pt"]) { folder in
      _ = try SpeechModel.load(folder + "/model.pt").taps
    }
  },
  "configuration": { bytes in
    with(
      bytes, at: "config.json",
      beside: ["fixtures/bert-made/model.safetensors", "fixtures/bert-made/vocab.txt"]
    ) {
      folder in
      _ = try TextModel.load(folder).taps
    }
  },
  "tokenizer": { bytes in
    with(
      bytes, at: "tokenizer.json",
      beside: ["fixtures/bert-made/model.safetensors", "fixtures/bert-made/config.json"]
    ) {
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
  // The pickled description of a folder of torch.distributed.checkpoint, with its values beside it.
  "distributed": { bytes in
    with(bytes, at: ".metadata", beside: ["Tests/CheckpointsTests/Resources/formats/dcp/__0_0.distcp"]) {
      let checkpoint = try Checkpoint.open($0)
      for name in checkpoint.tensors.keys.prefix(20) { _ = try? checkpoint.tensor(name).values.count }
    }
  },
  // A table of names, applied to a model's.
  "names": { bytes in
    with(bytes, at: "names.yaml", beside: ["fixtures/crnn/model.pt"]) { folder in
      let table = try NameTable(contentsOf: folder + "/names.yaml")
      _ = try Checkpoint.open(folder + "/model.pt").renamed(by: table).tensors.count
    }
  },
  "vocabulary": { bytes in
    with(
      bytes, at: "vocab.txt",
      beside: ["fixtures/bert-made/model.safetensors", "fixtures/bert-made/config.json"]
    ) {
      _ = try TextModel.load($0).tokens(of: "the cat's 3 naïve\u{301} 猫").count
    }
  },
  // An annotated text.
  "conllu": { bytes in
    with(bytes, at: "a.conllu") { folder in
      let corpus = try Corpus.load(folder) { _ in nil }
      for level in Level.allCases { _ = Vocabulary(of: level, in: corpus.utterances).summary }
    }
  },
  // A folder in Kaldi's layout: wav.scp, segments and words.ctm.
  "folder": { bytes in
    let parts = parts(of: bytes)
    with(parts[0], at: "wav.scp") { folder in
      for (name, part) in zip(["segments", "words.ctm"], parts.dropFirst()) {
        try Data(part).write(to: URL(filePath: folder + "/" + name))
      }
      for name in ["one.wav", "two.wav"] { try Data().write(to: URL(filePath: folder + "/" + name)) }
      _ = try Corpus.load(folder) { _ in 5 }.utterances.count
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

/// At most three parts, with `%%%` between.
private func parts(of bytes: [UInt8]) -> [[UInt8]] {
  var parts: [[UInt8]] = []
  var rest = Data(bytes)
  while parts.count < 2, let mark = rest.range(of: Data("%%%\n".utf8)) {
    parts.append(Array(rest[..<mark.lowerBound]))
    rest = Data(rest[mark.upperBound...])
  }
  return parts + [Array(rest)]
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

/// Runs `body` on a folder with the bytes and links to `others`; errors are what is hoped for.
private func with(
  _ bytes: [UInt8], at name: String, beside others: [String] = [], _ body: (String) throws -> Void
) {
  let files = FileManager.default
  let folder = NSTemporaryDirectory() + "strata-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
  defer { try? files.removeItem(atPath: folder) }
  do {
    try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for other in others {
      let path = files.currentDirectoryPath + "/" + other
      try files.createSymbolicLink(
        atPath: folder + "/" + URL(filePath: path).lastPathComponent, withDestinationPath: path)
    }
    try Data(bytes).write(to: URL(filePath: folder + "/" + name))
    try body(folder)
  } catch { _ = "\(error)" }
}
