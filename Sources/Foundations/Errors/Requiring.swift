/// Runs `body`, which reads what `requireUnchanged` looks at, and then looks at it.
///
/// Where `body` fails and what it read is another by then, that is thrown, and not what came of it: weights that are
/// written over give infinite values, or leave nothing to learn. An interruption stays one.
/// - Throws: what `body` and `requireUnchanged` throw.
package func requiring<R>(_ requireUnchanged: () throws -> Void, after body: () throws -> R) throws -> R {
  let result: R
  do {
    result = try body()
  } catch {
    if FailureKind(error) != .interrupted { try requireUnchanged() }
    throw error
  }
  try requireUnchanged()
  return result
}
