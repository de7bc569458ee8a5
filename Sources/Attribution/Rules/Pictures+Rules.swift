import Models
import Tensors

extension PictureOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let (frames, bands) = (inputs[0].rows, inputs[0].width)
    let result = gradient.withUnsafeBuffer { g in
      Tensor(shape: inputs[0].shape) { mel in
        mel.update(repeating: 0)
        for column in 0..<(columns * strips) {
          let start = (column % columns * strips + column / columns) * bands
          for (frame, weight) in sources(of: column, frames: frames) {
            for band in 0..<bands { mel[frame * bands + band] += weight * g[start + band] }
          }
        }
      }
    }
    return Propagation(gradients: [result])
  }
}

extension NeighbourOperation: PropagatingOperation {
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let width = inputs[0].width
    let result = gradient.withUnsafeBuffer { g in
      Tensor(shape: inputs[0].shape) { tokens in
        for (place, token) in order.enumerated() {
          for index in 0..<width { tokens[token * width + index] = g[place * width + index] }
        }
      }
    }
    return Propagation(gradients: [result])
  }
}

extension WindowAttentionOperation: PropagatingOperation {
  /// Window by window, as attention is; what the table of offsets adds to the scores is absorbed.
  func propagate(
    _ gradient: Tensor, inputs: [Tensor], output: Tensor, by rules: PropagationRules, threads: Int
  ) -> Propagation {
    let size = windows.size
    let ones = Tensor(repeating: 1, shape: [1, size])
    let parts = Slots<[HeadGradients]>(count: windows.count)
    parallelFor(windows.count, threads: threads) { index in
      let (tokens, regions) = (windows.tokens(of: index), windows.regions(of: index))
      func part(_ x: Tensor, _ head: Int) -> Tensor { x.selectingRows(tokens).columns(head, of: heads) }
      parts[index] = (0..<heads).map { head in
        let offsets = bias.rows(head..<(head + 1)).values
        let added = offsets.indices.map { pair in
          offsets[pair] + (regions[pair / size] == regions[pair % size] ? 0 : Self.strangeness)
        }
        let attention = AttentionHead(
          q: part(inputs[0], head), k: part(inputs[1], head), v: part(inputs[2], head), gates: ones,
          bias: Tensor(added, shape: [size, size]))
        return attention.propagate(
          part(gradient, head), share: rules.conservesRelevance ? 0.5 : 1,
          conserves: rules.conservesRelevance)
      }
    }
    let found = parts.all()
    func joined(_ keyPath: KeyPath<HeadGradients, Tensor>) -> Tensor {
      let (width, columns) = (output.width, output.width / heads)
      return Tensor(shape: output.shape) { target in
        for (index, windowParts) in found.enumerated() {
          let tokens = windows.tokens(of: index)
          for (head, part) in windowParts.enumerated() {
            let values = part[keyPath: keyPath].values
            for (row, token) in tokens.enumerated() {
              for column in 0..<columns {
                target[token * width + head * columns + column] = values[row * columns + column]
              }
            }
          }
        }
      }
    }
    let absorbed = found.joined().reduce(0.0) { sum, part in
      sum + part.absorbed
        + (rules.conservesRelevance ? part.gates.reduce(0.0) { $0 + Double($1) } : 0)
    }
    return Propagation(gradients: [joined(\.q), joined(\.k), joined(\.v)], absorbed: absorbed)
  }
}
