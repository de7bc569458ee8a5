import CFuzzer
import Foundation

/// What is done with each input. It must not crash, hang or take much memory; errors are fine.
typealias Target = @Sendable ([UInt8]) -> Void

/// Every target by name. A room adds its own in a file beside this one: a dictionary, merged here.
let targets: [String: Target] = [labelTargets, folderTargets].reduce(checkpointTargets) {
  $0.merging($1) { one, _ in one }
}

private let chosen = targets[ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""]

/// libFuzzer brings its own `main`, so SwiftPM's, which is called after the executable, starts it.
@_cdecl("fuzz_main")
public func start(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
  guard chosen != nil else {
    let names = targets.keys.sorted().joined(separator: ", ")
    FileHandle.standardError.write(Data("FUZZ_TARGET must be one of \(names)\n".utf8))
    return 64
  }
  var count = count
  var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = arguments
  return LLVMFuzzerRunDriver(&count, &arguments) { data, size in
    chosen?(Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
  }
}
