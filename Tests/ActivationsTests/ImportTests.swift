import Corpora
import Foundation
import StrataTestSupport
import Tensors
import Testing

@testable import Activations

@Suite("Activations made elsewhere")
struct ImportTests {
  static let frames = ["s1/u1": 25, "s1/u2": 31, "s2/u3": 37]
  private let utterances = ImportTests.frames.keys.sorted().map { id in
    Utterance(
      id: id, audioPath: "", labelPath: "", speaker: "s", sentence: id,
      seconds: 0.02 * Double(ImportTests.frames[id] ?? 0), tiers: [:])
  }

  private func settings(hop: String = "20ms") -> ImportSettings {
    var settings = ImportSettings()
    settings.hop = ImportSettings.Length(hop)
    return settings
  }

  /// Every layer of every utterance.
  private func values(_ source: ImportedActivations) throws -> [String: Tensor] {
    var values: [String: Tensor] = [:]
    for utterance in utterances {
      try source.forward(utterance, nil, taps: Set(source.taps.map(\.name)), threads: 1) {
        values["\(utterance.id)/\($0)"] = $1
      }
    }
    return values
  }

  static let forms = [
    "both.safetensors", "both.npz", "both.h5", "nested.pt", "utterances", "layers", "arrays", "kaldi",
    "kaldi-text", "kaldi-scp",
  ]

  @Test("are the same in every format and under every convention", arguments: forms)
  func everyForm(form: String) throws {
    let reference = try ImportedActivations.open(
      resource("both.safetensors"), for: utterances, settings: settings())
    let source = try ImportedActivations.open(resource(form), for: utterances, settings: settings())
    #expect(source.taps.map(\.name) == ["hidden.0", "hidden.1"])
    #expect(source.taps.map(\.width) == [3, 4])
    #expect(source.taps.first?.timing?.stride == 0.02)
    #expect(source.taps.first?.timing?.centre(of: 1) == 0.03)
    #expect(source.unmatchedArrays.isEmpty && source.missing.isEmpty)
    let (expected, found) = (try values(reference), try values(source))
    #expect(expected.count == 6)
    #expect(expected["s2/u3/hidden.1"]?.shape == [37, 4])
    #expect(found == expected)
    #expect(try source.randomTwin(ofSeed: 1) == nil)
  }

  @Test("values are those that NumPy wrote")
  func values() throws {
    let source = try ImportedActivations.open(
      resource("both.safetensors"), for: utterances, settings: settings())
    let array = try readNumpy(URL(filePath: resource("arrays/hidden.1/u2.npy")))
    #expect(try values(source)["s1/u2/hidden.1"] == array)
  }

  @Test("utterances and arrays without each other are named")
  func unmatched() throws {
    var others = utterances
    others[0] = Utterance(
      id: "s9/u9", audioPath: "", labelPath: "", speaker: "s", sentence: "", seconds: 0.5, tiers: [:])
    let source = try ImportedActivations.open(resource("both.npz"), for: others, settings: settings())
    #expect(source.missing == ["s9/u9"])
    #expect(source.unmatchedArrays == ["both.npz: s1/u1/hidden.0", "both.npz: s1/u1/hidden.1"])
    let error = #expect(throws: ImportError.self) {
      try source.forward(others[0], nil, taps: ["hidden.1"], threads: 1) { _, _ in }
    }
    #expect(error?.description.contains("no hidden.1 of s9/u9") == true)
    let stranger = Utterance(
      id: "x", audioPath: "", labelPath: "", speaker: "s", sentence: "", seconds: 1, tiers: [:])
    let nothing = #expect(throws: ImportError.self) {
      try ImportedActivations.open(resource("both.npz"), for: [stranger], settings: settings())
    }
    #expect(nothing?.description.contains("s1/u1/hidden.0") == true)
    #expect(nothing?.description.contains("UTTERANCE/LAYER") == true)
  }

  @Test("a hop must be said, and one that the audio contradicts is doubted")
  func hop() throws {
    let silent = #expect(throws: ImportError.self) {
      try ImportedActivations.open(resource("both.h5"), for: utterances)
    }
    #expect(silent?.description.contains("--hop") == true)
    for hop in ["10 ms", "50ms"] {
      let source = try ImportedActivations.open(
        resource("both.h5"), for: utterances, settings: settings(hop: hop))
      let error = #expect(throws: ImportError.self) { try values(source) }
      #expect(error?.description.contains("Is the hop right?") == true)
    }
  }

  @Test("activations.yaml names, orders, leaves out and times layers")
  func yaml() throws {
    let text = """
      model: mine
      hop: 320 samples
      sampling_rate: 16000
      layers:
        - {name: top, stored: hidden.1, hop: 20 ms, first_centre: 12.5 ms}
        - hidden.0
      """
    let settings = try ImportSettings(yaml: text, path: "activations.yaml")
    let source = try ImportedActivations.open(resource("both.npz"), for: utterances, settings: settings)
    #expect(source.name == "mine")
    #expect(source.taps.map(\.name) == ["top", "hidden.0"])
    #expect(source.taps.map(\.width) == [4, 3])
    #expect(source.taps.first?.timing?.firstCentreSample == 200)
    #expect(source.taps.last?.timing?.strideSamples == 320)
    #expect(source.facts.samplingRate == 16_000)
  }

  @Test(
    "what activations.yaml gets wrong is said with its line",
    arguments: [
      ("hop: soon", "activations.yaml:1: hop: found “soon”"), ("hops: 1", "one of model, hop"),
      ("hop: 20 ms\nlayers: x", "activations.yaml:2: layers"), ("padded: perhaps", "true or false"),
      ("sampling_rate: 0", "1 to 1000000"), ("layers: [{hop: 1 s}]", "a name for each layer"),
      ("a: [", "YAML"),
    ])
  func badYAML(text: String, words: String) {
    let error = #expect(throws: ImportError.self) {
      try ImportSettings(yaml: text, path: "activations.yaml")
    }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }

  @Test("widths that differ and arrays of other axes are refused by file and key")
  func refused() throws {
    let folder = try TemporaryFolder()
    let names = ["s1/u1", "s1/u2", "s2/u3"]
    func write(_ tensors: [Tensor]) throws {
      try ActivationWriter.write(
        to: folder.path + "/x.safetensors", as: .safetensors, names: names.map { "\($0)/a" }, metadata: [:]
      ) { append in
        for (name, tensor) in zip(names, tensors) { try append("\(name)/a", tensor) }
      }
    }
    func open() throws -> ImportedActivations {
      try ImportedActivations.open(folder.path + "/x.safetensors", for: utterances, settings: settings())
    }
    try write([Tensor(shape: [25, 3]), Tensor(shape: [3, 31])])
    let widths = #expect(throws: ImportError.self) { try open() }
    #expect(widths?.description.contains("x.safetensors: s1/u2/a has shape [3, 31]") == true)
    #expect(widths?.description.contains("transposed") == true)
    try write([Tensor(shape: [2, 25, 3])])
    let axes = #expect(throws: ImportError.self) { try open() }
    #expect(axes?.description.contains("s1/u1/a has shape [2, 25, 3], expected [frames × dim]") == true)
  }

  /// Writes one layer of each name for every utterance, with its frames, and opens it.
  private func open(_ layers: [(name: String, frames: [Int])], yaml: String = "") throws
    -> ImportedActivations
  {
    let folder = try TemporaryFolder()
    let names = ["s1/u1", "s1/u2", "s2/u3"]
    let all = names.flatMap { name in layers.map { "\(name)/\($0.name)" } }
    try ActivationWriter.write(
      to: folder.path + "/x.safetensors", as: .safetensors, names: all, metadata: [:]
    ) {
      append in
      for (index, name) in names.enumerated() {
        for layer in layers {
          try append("\(name)/\(layer.name)", Tensor(shape: [layer.frames[index], 3]))
        }
      }
    }
    var told = try ImportSettings(yaml: yaml, path: "activations.yaml")
    told.hop = told.hop ?? ImportSettings.Length("20ms")
    return try ImportedActivations.open(folder.path + "/x.safetensors", for: utterances, settings: told)
  }

  @Test("layers with one hop must agree in their frames, padded or not")
  func frameCounts() throws {
    let whole = (name: "hidden.0", frames: [25, 31, 37])
    // One frame less is a matter of edges.
    _ = try open([whole, (name: "hidden.1", frames: [24, 30, 36])])
    for padded in ["", "padded: true"] {
      let error = #expect(throws: ImportError.self) {
        try self.open([whole, (name: "hidden.1", frames: [12, 15, 18])], yaml: padded)
      }
      let words = error?.description ?? ""
      #expect(
        words.contains("hidden.0 has 25 (a hop of 20.0 ms?), hidden.1 has 12 (a hop of 41.667 ms?)"),
        "\(words)")
    }
    let own = "layers: [hidden.0, {name: hidden.1, hop: 40 ms}]"
    let source = try open([whole, (name: "hidden.1", frames: [12, 15, 18])], yaml: own)
    #expect(source.taps.map { $0.timing?.stride } == [0.02, 0.04])
  }

  @Test(
    "the last hidden state is called by what it is",
    arguments: [
      ("version: 4.57.6\nmodel_type: hubert\nnorm: first", "final_norm"),
      ("version: 4.57.6\nmodel_type: hubert\nnorm: last", "hidden.2"),
      ("version: 5.16.0\nmodel_type: wav2vec2\nnorm: first", "hidden.2"),
      ("version: 5.24\nmodel_type: wavlm", "hidden.2"),
      ("version: 4.40.0\nmodel_type: whisper", "final_norm"),
    ])
  func origin(text: String, last: String) throws {
    let layers = (0...2).map { (name: "\($0)", frames: [25, 31, 37]) }
    let source = try open(layers, yaml: "from: transformers\n" + text)
    #expect(source.taps.map(\.name) == ["hidden.0", "hidden.1", last])
  }

  @Test("where a layer comes from must be said whole")
  func incompleteOrigin() throws {
    let layers = (0...2).map { (name: "\($0)", frames: [25, 31, 37]) }
    for (text, words) in [
      ("from: transformers", "version and model_type"), ("version: 5.1", "from: transformers"),
      ("from: transformers\nversion: 5.10\nmodel_type: hubert", "first or last"),
      ("from: transformers\nversion: 5.10\nmodel_type: sew", "name each layer"),
    ] {
      let error = #expect(throws: ImportError.self) { try self.open(layers, yaml: text) }
      #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }
  }

  @Test("an array that cannot be read is named, never left out")
  func unreadable() throws {
    for (file, words) in [("float8.npz", "astype"), ("objects.npz", "Python objects")] {
      let path = Repository.path("Tests/CheckpointsTests/Resources/formats/numpy/\(file)")
      let error = #expect(throws: (any Error).self) {
        try ImportedActivations.open(path, for: self.utterances, settings: self.settings())
      }
      #expect("\(String(describing: error))".contains(words), "\(String(describing: error))")
    }
  }

  @Test("fingerprints change with the values and with what is said of them")
  func fingerprint() throws {
    func fingerprint(_ form: String, _ hop: String) throws -> String {
      try ImportedActivations.open(resource(form), for: utterances, settings: settings(hop: hop))
        .fingerprint
    }
    let own = try fingerprint("kaldi", "20ms")
    #expect(try fingerprint("kaldi", "20 ms") == own)
    #expect(try fingerprint("kaldi", "21 ms") != own)
    #expect(try fingerprint("kaldi-text", "20ms") != own)
  }

  @Test("stores of activations are told from models")
  func recognised() throws {
    for form in ["both.h5", "kaldi", "arrays", "kaldi-scp/hidden.0.scp"] {
      #expect(ImportedActivations.recognises(resource(form)), "\(form)")
    }
    // Nothing in these says what they are.
    for form in ["both.safetensors", "layers", "none"] {
      #expect(!ImportedActivations.recognises(resource(form)))
    }
    #expect(!ImportedActivations.recognises(Repository.path("fixtures/w2v2-tiny-phones")))
    // Arrays may lie beside a model.
    let folder = try TemporaryFolder()
    try Data().write(to: URL(fileURLWithPath: folder.path + "/input.npy"))
    #expect(ImportedActivations.recognises(folder.path))
    try Data("{}".utf8).write(to: URL(fileURLWithPath: folder.path + "/config.json"))
    #expect(!ImportedActivations.recognises(folder.path))
  }
}

@Suite("Names of utterances and layers in keys")
struct UtteranceKeysTests {
  private let keys = UtteranceKeys(["kal/s1", "kal/s2", "awb/s1"])

  @Test("the utterance is before or after the layer, in the key or the file's name")
  func conventions() {
    let place = UtteranceKeys.Place(utterance: 1, layer: "hidden.3")
    for (file, key) in [
      ("x", "kal/s2/hidden.3"), ("x", "s2/hidden.3"), ("kal/s2", "hidden.3"), ("hidden.3", "kal/s2"),
      ("hidden.3", "s2"),
      ("x", "s2.hidden.3"), ("kal/s2/hidden.3", ""), ("hidden.3/s2", ""), ("x", "s2/3"),
      ("dump/s2", "hidden.3"),
    ] {
      #expect(keys.place(file: file, key: key) == place, "\(file) \(key)")
    }
    #expect(keys.place(file: "kal/s1", key: "a") == UtteranceKeys.Place(utterance: 0, layer: "a"))
  }

  @Test("a last part that two utterances share names neither")
  func shared() {
    #expect(keys.place(file: "x", key: "s1/hidden.3") == nil)
    #expect(keys.place(file: "x", key: "awb/s1/hidden.3")?.utterance == 2)
    #expect(keys.place(file: "x", key: "hidden.3") == nil)
  }

  @Test("layers are in the order of the data")
  func order() {
    let sorted = ["logits", "hidden.10", "hidden.2", "conv.1", "final_norm", "projection", "mel"]
      .sorted(by: isBefore(layer:_:))
    #expect(sorted == ["mel", "conv.1", "projection", "hidden.2", "hidden.10", "final_norm", "logits"])
    #expect(["layer12", "layer3"].sorted(by: isBefore(layer:_:)) == ["layer3", "layer12"])
  }
}
