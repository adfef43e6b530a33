import Testing

@testable import Caching

@Suite("Owners")
struct OwnerTests {
    @Test("Both halves of the digest tell owners apart")
    func identity() {
        let owners: Set<Owner> = [.nobody, Owner(high: 0, low: 1), Owner(high: 1, low: 0), Owner(high: 1, low: 1)]
        #expect(owners.count == 4)
        #expect(owners.contains(Owner(high: 0, low: 0)))
    }
}
