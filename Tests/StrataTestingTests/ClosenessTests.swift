import StrataTesting
import Tensors
import Testing

@Suite("Closeness of tensors")
struct ClosenessTests {
  private let reference = Tensor([0, 1, 2, 3, -8, 5], shape: [2, 3])

  @Test("says how far the worst value is off, and where it is")
  func worst() {
    let found = Closeness(of: Tensor([0, 1, 2.5, 3, -8, 5.25], shape: [2, 3]), to: reference)
    #expect(found.largest == 0.5 && found.place == [0, 2] && found.scale == 8)
    #expect(found.relative == 0.0625)
    #expect(
      found.description == "0.5 at [0, 2]: 2.5 where 2.0 is expected; relative to the largest value 0.0625")
    #expect(found.isWithin(.absolute(0.5)) && !found.isWithin(.absolute(0.49)))
    #expect(found.isWithin(.relative(0.0625)) && !found.isWithin(.relative(0.06)))
  }

  @Test("what is the same is within any tolerance, and nothing else is of none")
  func same() {
    let found = Closeness(of: reference, to: reference)
    #expect(found.largest == 0 && found.relative == 0 && found.isWithin(.absolute(0)))
    let zeros = Closeness(of: Tensor([0, 0], shape: [2]), to: Tensor([0, 0], shape: [2]))
    #expect(zeros.isWithin(.relative(0)))
    #expect(
      !Closeness(of: Tensor([0, 1e-6], shape: [2]), to: Tensor([0, 0], shape: [2])).isWithin(.relative(1)))
    #expect(
      Closeness(of: Tensor([], shape: [0, 3]), to: Tensor([], shape: [0, 3])).isWithin(.absolute(0)))
  }

  @Test("another shape and values that are not numbers are infinitely far")
  func broken() {
    let turned = Closeness(of: Tensor([0, 1, 2, 3, -8, 5], shape: [3, 2]), to: reference)
    #expect(turned.largest == .infinity && !turned.isWithin(.relative(1e30)))
    #expect(turned.description == "a shape of [3, 2] where [2, 3] is expected")
    let nan = Closeness(of: Tensor([0, 1, 2, .nan, -8, 5], shape: [2, 3]), to: reference)
    #expect(nan.largest == .infinity && nan.place == [1, 0])
    let both = Tensor([.nan, .infinity, 1], shape: [3])
    #expect(Closeness(of: both, to: both).isWithin(.absolute(0)))
    let signs = Closeness(of: Tensor([.infinity], shape: [1]), to: Tensor([-.infinity], shape: [1]))
    #expect(signs.largest == .infinity)
  }
}
