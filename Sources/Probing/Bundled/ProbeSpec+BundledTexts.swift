extension ProbeSpec {
  /// The definitions of `probes/` as they were when this was built (`scripts/bundle-probes.py` writes these
  /// files), so that an installed tool has them wherever it is. A test holds the two equal.
  static let bundledTexts = identityTexts + soundTexts + phoneTexts + largerTexts + textTexts
}
