import CPNG
import Foundation

/// A picture of coloured cells, as PNG inside a drawing: thousands of rectangles would make a drawing slow.
struct PixelMap: Sendable {
  let width: Int
  let height: Int
  /// Red, green and blue of each cell, row by row from the top.
  private(set) var bytes: [UInt8]

  init(width: Int, height: Int, _ colour: (_ x: Int, _ y: Int) -> Colours.RGB) {
    self.width = width
    self.height = height
    bytes = []
    bytes.reserveCapacity(3 * width * height)
    for y in 0..<height {
      for x in 0..<width {
        let colour = colour(x, y)
        for channel in [colour.red, colour.green, colour.blue] {
          bytes.append(UInt8((min(max(channel, 0), 1) * 255).rounded()))
        }
      }
    }
  }

  /// Throws `ReportError.conversionFailed`.
  func png() throws -> Data {
    var image = strata_png_rgb(UInt32(width), UInt32(height))
    defer { png_image_free(&image) }
    var size = 0
    func failure() -> ReportError {
      let reason = withUnsafeBytes(of: image.message) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      return .conversionFailed(path: "a picture of \(width) × \(height)", reason: reason)
    }
    guard png_image_write_to_memory(&image, nil, &size, 0, bytes, 0, nil) != 0 else { throw failure() }
    var data = Data(count: size)
    let isWritten = data.withUnsafeMutableBytes {
      png_image_write_to_memory(&image, $0.baseAddress, &size, 0, bytes, 0, nil) != 0
    }
    guard isWritten else { throw failure() }
    return data.prefix(size)
  }

  /// For a drawing's `href`.
  func dataURL() throws -> String { "data:image/png;base64," + (try png()).base64EncodedString() }
}
