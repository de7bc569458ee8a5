import Tensors

/// The largest absolute difference over the largest absolute reference value.
public func relativeError(_ found: Tensor, _ reference: Tensor) -> Float {
  precondition(found.shape == reference.shape, "shapes \(found.shape) and \(reference.shape) differ")
  let (x, y) = (found.values, reference.values)
  let scale = y.map(abs).max() ?? 0
  let difference = zip(x, y).map { abs($0 - $1) }.max() ?? 0
  guard difference.isFinite || scale.isFinite else { return .infinity }
  if x.contains(where: \.isNaN) != y.contains(where: \.isNaN) { return .infinity }
  return difference / max(scale, .leastNormalMagnitude)
}
