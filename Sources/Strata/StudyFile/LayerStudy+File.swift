extension LayerStudy {
  /// The study that a file describes: one written by hand, or the `run.yaml` of a finished study, which makes it again to
  /// the same numbers.
  ///
  /// ```swift
  /// let again = try await LayerStudy(contentsOf: "my-study/run.yaml").run()
  /// ```
  /// Its keys are the options of `probe-layers run`; paths count from the folder that the file lies in. The corpus is read
  /// and the model opened as the command does it: with its decoder and adapters, or as activations made elsewhere. What
  /// only says where and how results are written (`output`, `png`, `store` …) plays no part. `run` tells `onNotice` where
  /// the model or the corpus is no more what the file's study ran on.
  /// - Throws: `StudyFileError` for what is no such file, an option that a study does not have, or a value that it does not
  ///   take; and what reading the corpus and loading the model throw.
  public init(contentsOf path: String) throws {
    let file = try StudyFile(contentsOf: path)
    self = try StudyRequest(file).study()
    self.file = file
    training = file.options.compactMap { option -> String? in
      guard option.name == "training", case .text(let paths) = option.value else { return nil }
      return paths
    }.flatMap { $0.split(separator: ",").map(String.init) }
  }
}
