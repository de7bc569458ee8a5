import Foundation
import StrataTestSupport
import Testing

@testable import Checkpoints

/// Numbers at the ends of their ranges at every numeric place of a header: a refusal with the file's name, or a file that
/// is read; never the end of the process.
@Suite("Impossible numbers in arrays' headers") struct NumberTests {
  static let numbers = [
    "0", "-1", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "NaN", "1e308",
    "1e-308",
  ]

  private func survives(_ bytes: [UInt8], _ path: String) {
    do {
      let checkpoint = try Checkpoint(bytes, path: path)
      for name in checkpoint.tensors.keys {
        #expect(try checkpoint.tensor(name).count <= bytes.count)
      }
    } catch let error as CheckpointError {
      #expect(error.description.contains(path))
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test("safetensors: shapes and offsets", arguments: numbers) func safetensors(number: String) {
    let headers = [
      #"{"w":{"dtype":"F32","shape":[N],"data_offsets":[0,8]}}"#,
      #"{"w":{"dtype":"F32","shape":[N,N,0],"data_offsets":[0,0]}}"#,
      #"{"w":{"dtype":"F32","shape":[0,N],"data_offsets":[0,0]}}"#,
      #"{"w":{"dtype":"F32","shape":[N,N],"data_offsets":[0,8]}}"#,
      #"{"w":{"dtype":"F32","shape":[2],"data_offsets":[N,8]}}"#,
      #"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,N]}}"#,
      #"{"w":{"dtype":"F32","shape":[2],"data_offsets":[N,N]}}"#,
    ]
    for header in headers {
      let text = header.replacing("N", with: number)
      let length = withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian, Array.init)
      survives(length + text.utf8 + [UInt8](repeating: 0, count: 8), "w.safetensors")
    }
    // The header's own length.
    if let length = UInt64(number) {
      let bytes = withUnsafeBytes(of: length.littleEndian, Array.init)
      survives(bytes + Array(headers[0].utf8), "w.safetensors")
    }
  }

  @Test("npy: shapes", arguments: numbers) func numpy(number: String) {
    for shape in ["(N,)", "(N, N)", "(0, N)", "(N, 0, N)", "(2, N)"] {
      let text =
        "{'descr': '<f4', 'fortran_order': False, 'shape': \(shape.replacing("N", with: number)), }\n"
      let length = withUnsafeBytes(of: UInt16(text.utf8.count).littleEndian, Array.init)
      survives(
        [0x93] + Array("NUMPY".utf8) + [1, 0] + length + text.utf8 + [UInt8](repeating: 0, count: 8),
        "a.npy")
    }
    for length in [0, 0xffff_ffff, 0x8000_0000, 0x7fff_ffff] as [UInt32] {
      let size = withUnsafeBytes(of: length.littleEndian, Array.init)
      survives([0x93] + Array("NUMPY".utf8) + [2, 0] + size + [UInt8](repeating: 0x20, count: 40), "a.npy")
    }
  }

  @Test("a pipe in a checkpoint's place is refused without waiting") func pipe() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("model.safetensors")
    #expect(mkfifo(path, 0o600) == 0)
    #expect(throws: CheckpointError.self) { _ = try Checkpoint.open(path) }
    #expect(throws: CheckpointError.self) { _ = try NameTable(contentsOf: path) }
  }
}
