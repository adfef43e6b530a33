import Fleet
import Testing

/// What a process knows of the generations after a restart.
@Suite struct KnownNumbersTests {
    private static let numbers: [Scope: UInt64] = [.withdrawals: 3, .all: 1 << 40, .catalogue: 7]

    @Test func `the numbers are read as they were written`() {
        let bytes = KnownNumbers.encoded(Self.numbers)
        #expect(KnownNumbers.decoded(bytes) == Self.numbers)
        #expect(KnownNumbers.decoded(KnownNumbers.encoded([:])) == [:])
        for length in bytes.indices { #expect(KnownNumbers.decoded(Array(bytes.prefix(length))) == [:]) }
        #expect(KnownNumbers.decoded(bytes + [0]) == [:])
        #expect(KnownNumbers.decoded([UInt8](repeating: 0xff, count: bytes.count)) == [:])
    }

    @Test func `a number that is still the engine's drops nothing, another one does`() {
        var generations = Generations(known: Self.numbers)
        #expect(generations.read(.all, Generation(number: 1 << 40)) == .current)
        #expect(generations.read(.catalogue, Generation(number: 8)) == .adopted(drops: true))
        // The engine had lost the key, and a member that runs has told which number was before.
        #expect(generations.read(.withdrawals, Generation(number: 9, keeps: 3)) == .adopted(drops: false))
        #expect(generations.unread(of: FleetResource(id: Identifier(high: 1, low: 2), isOfCatalogue: true)).isEmpty)
    }
}
