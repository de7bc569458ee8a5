import Foundation

// scaling-benchmark memory HOURS LAYERS WIDTH MOMENTS_MIB   peak memory of one pass over so much audio
// scaling-benchmark accuracy ROWS WIDTH                     moments against a float64 reference in two passes
// scaling-benchmark costs ROWS MODEL…                       what each part costs, and what a study would

do {
  let arguments = Array(CommandLine.arguments.dropFirst())
  let numbers = arguments.dropFirst().compactMap { Double($0) }
  switch arguments.first {
  case "memory" where numbers.count == 4:
    try memory(
      hours: numbers[0], layers: Int(numbers[1]), width: Int(numbers[2]), momentsMiB: Int(numbers[3]))
  case "accuracy" where numbers.count == 2:
    try accuracy(rows: Int(numbers[0]), width: Int(numbers[1]))
  case "costs" where arguments.count > 2 && numbers.count == 1:
    try costs(Array(arguments.dropFirst(2)), rows: Int(numbers[0]))
  default:
    throw Failure(
      "usage: scaling-benchmark memory HOURS LAYERS WIDTH MOMENTS_MIB | accuracy ROWS WIDTH | costs ROWS MODEL…"
    )
  }
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
