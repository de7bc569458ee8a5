import Models
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

func exponential(_ x: Float) -> Float { exp(x) }

extension AttentionOperation: PropagatingOperation {
  /// With P = softmax(S), S = q·kᵀ/√d + gate·bias and c = P·v: `gᵥ = Pᵀ·g`, `g_P = g·vᵀ`,
  /// `g_S = P∘(g_P − Σ P∘g_P)`, `g_q = g_S·k/√d`, `g_k = g_Sᵀ·q/√d`.
  ///
  /// Of relevance each factor of P·v and of q·kᵀ gets half; softmax is its first-order expansion, and what that leaves
  /// over is absorbed (AttnLRP, eqs. 9–14).
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let frames = inputs[0].rows
    let parts = AttentionHead.propagate(gradient, inputs, heads: heads, validFrames, by: rules, threads) {
      head, part in
      part.gates = bias.map { _ in inputs[3].rows(head..<(head + 1)) }
      part.bias = bias?.values(head: head, frames: frames, keys: validFrames)
      part.reach = reach
      part.findsDistances = bias != nil && rules.findsParameters
    }
    var gradients = parts.joined(inputs)
    if bias != nil { gradients.append(Tensor(parts.flatMap(\.gates), shape: [heads, frames])) }
    return Propagation(
      gradients: gradients, absorbed: parts.reduce(0) { $0 + $1.absorbed },
      parameters: rules.findsParameters
        ? bias.map { [embeddingGradient(parts, of: $0, frames: frames)] } ?? [] : [])
  }

  /// What arrives at the buckets' values, from that at each distance.
  private func embeddingGradient(
    _ parts: [HeadGradients], of bias: PositionBias, frames: Int
  ) -> ParameterGradient {
    let gradient = Tensor(shape: bias.embedding.shape) { gradient in
      gradient.update(repeating: 0)
      for (head, part) in parts.enumerated() {
        for (index, value) in part.distances.enumerated() {
          gradient[bias.bucket(of: index - (frames - 1)) * heads + head] += Float(value)
        }
      }
    }
    return ParameterGradient(parameter: bias.embedding, gradient: gradient)
  }
}

extension RelativeAttentionOperation: PropagatingOperation {
  /// With S = (q·kᵀ + r·e)/√d, e the vector of the distance from query to key: `g_r = g_S·e/√d`. The vectors are
  /// parameters, or made of positions alone: of relevance r gets all that its product has, and so do keys that meet such
  /// vectors.
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let queries = inputs[3]
    let parts = AttentionHead.propagate(gradient, inputs, heads: heads, validFrames, by: rules, threads) {
      head, part in
      part.relative = RelativeHead(
        queries: queries.columns(head, of: heads),
        keys: keys.table.width == queries.width ? keys.table.columns(head, of: heads) : keys.table,
        first: keys.first)
      part.met = met.map { met in
        RelativeHead(
          queries: part.k,
          keys: met.table.width == queries.width ? met.table.columns(head, of: heads) : met.table,
          first: met.first)
      }
      part.reach = reach
    }
    return Propagation(
      gradients: parts.joined(inputs) + [parts.joined(\.relative, like: queries)],
      absorbed: parts.reduce(0) { $0 + $1.absorbed })
  }
}

/// One head's part of what a query adds for the distance to a key.
struct RelativeHead {
  let queries: Tensor  // [frames × size]
  let keys: Tensor  // [distances × size]
  /// The distance of the first row; see `RelativeKeys`.
  let first: Int

  private func row(query: Int, key: Int) -> Int { min(max(key - query - first, 0), keys.rows - 1) }

  /// `r·e` of every query with every key, `[frames × keys]`.
  func scores(keys count: Int) -> Tensor {
    let products = matrixProduct(queries, .none, keys, .transposed)
    let (width, values) = (keys.rows, products.values)
    return Tensor(shape: [queries.rows, count]) { scores in
      for index in scores.indices {
        let (query, key) = (index / count, index % count)
        scores[index] = values[query * width + row(query: query, key: key)]
      }
    }
  }

  /// The same where it is the keys that meet the vectors, of `count` queries: `[queries × keys]`.
  func scores(queries count: Int) -> Tensor {
    let products = matrixProduct(queries, .none, keys, .transposed)
    let (width, values, frames) = (keys.rows, products.values, queries.rows)
    return Tensor(shape: [count, frames]) { scores in
      for index in scores.indices {
        let (query, key) = (index / frames, index % frames)
        scores[index] = values[key * width + row(query: query, key: key)]
      }
    }
  }

  /// What arrives at keys that meet the vectors.
  func propagateToKeys(_ g: Tensor) -> Tensor {
    let (frames, width, values) = (queries.rows, keys.rows, g.values)
    let gathered = Tensor(shape: [frames, width]) { gathered in
      gathered.update(repeating: 0)
      for index in values.indices {
        let (query, key) = (index / frames, index % frames)
        gathered[key * width + row(query: query, key: key)] += values[index]
      }
    }
    return matrixProduct(gathered, .none, keys, .none)
  }

  /// What arrives at the queries for `g` at the scores.
  func propagate(_ g: Tensor) -> Tensor {
    let (count, width, values) = (g.width, keys.rows, g.values)
    let gathered = Tensor(shape: [queries.rows, width]) { gathered in
      gathered.update(repeating: 0)
      for index in values.indices {
        let (query, key) = (index / count, index % count)
        gathered[query * width + row(query: query, key: key)] += values[index]
      }
    }
    return matrixProduct(gathered, .none, keys, .none)
  }
}

extension PositionBias {
  /// One head's values for every query and key, `[frames × keys]`.
  func values(head: Int, frames: Int, keys: Int) -> Tensor {
    withDistances(head: head, from: 0, rows: frames, keys: keys) { distances in
      Tensor(shape: [frames, keys]) { values in
        for row in 0..<frames {
          for key in 0..<keys { values[row * keys + key] = distances[frames - 1 + key - row] }
        }
      }
    }
  }
}

extension Tensor {
  mutating func multiply(by factor: Float) {
    withUnsafeMutableBuffer { x in for index in x.indices { x[index] *= factor } }
  }

  /// The columns of part `index` of `parts`, copied: `[rows × width / parts]`.
  func columns(_ index: Int, of parts: Int) -> Tensor {
    let size = width / parts
    return withUnsafeBuffer { source in
      Tensor(shape: [rows, size]) { target in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        for row in 0..<rows {
          (to + row * size).update(from: from + row * width + index * size, count: size)
        }
      }
    }
  }
}
