/// Memory that several workers of one `parallelFor` read, or write disjoint parts of: the promise that they do is
/// what the compiler cannot see and this type states.
package struct Shared<Pointer>: @unchecked Sendable {
  package let pointer: Pointer

  package init(_ pointer: Pointer) { self.pointer = pointer }
}
