/// Which Strata this is.
public enum Release {
  /// As in the changelog and in every file written.
  public static let version = "1.0.0"
}
