import Fleet
import Testing

/// Records, messages and other values of the engine, as bytes.
@Suite struct CodecTests {
    static let id = Identifier(high: 0x0102_0304_0506_0708, low: 9)
    static let token = LeaseToken(member: Identifier(high: 5, low: 6), serial: 7)
    static let generation = Generation(number: 1_700_000_000_001, keeps: 1_700_000_000_000)

    static let shared = CopyRecord(
        stamp: Stamp(all: 1, catalogue: 2), fetchedAt: 1_700_000_000_000, keptFor: 86_400_000,
        facts: CopyFacts(
            freshFor: 300_000, usableFor: 86_400_000, initialAge: 12, staleUse: 2, coding: 1,
            entityTag: Array("\"abc\"".utf8), lastModified: Array("Tue, 01 Sep 2026 10:00:00 GMT".utf8),
            cacheControl: Array("public, max-age=120".utf8), contentType: Array("application/json".utf8)),
        digest: BodyDigest(Identifier(high: 1, low: 2), Identifier(high: 3, low: 4)), size: 107_000)

    static let own: CopyRecord = {
        var record = shared
        record.facts.owner = Identifier(high: 11, low: 12)
        record.stamp.owner = 3
        record.facts.entityTag = []
        return record
    }()

    static let news: [News] = [
        .stored(id), .failed(id, token: token, pause: 1_000), .ended(id, token: token, fetchAlone: true),
        .ended(id, token: token, fetchAlone: false), .withdrawn(id, number: 0, previous: 0),
        .withdrawn(id, number: 9, previous: 8), .raised(.all, generation, by: id),
        .raised(.owner(id), generation, by: id), .confirmed(.catalogue, generation, by: id),
    ]

    @Test(arguments: [shared, own])
    func `a record comes back as it was`(record: CopyRecord) throws {
        #expect(try CopyRecord(decoding: record.encoded()) == record)
    }

    @Test(arguments: [shared, own])
    func `a record that is cut at any byte is an error that names the field`(record: CopyRecord) {
        let bytes = record.encoded()
        for count in 0..<bytes.count {
            let problem = #expect(throws: WireProblem.self) { try CopyRecord(decoding: Array(bytes.prefix(count))) }
            guard case .truncated(let field, let at) = problem else {
                Issue.record("cut at \(count): \(problem.map { "\($0)" } ?? "")")
                continue
            }
            #expect(at == count && field.utf8CodeUnitCount > 0)
        }
    }

    @Test(arguments: [shared, own])
    func `an altered byte gives an error or another record, never the same`(record: CopyRecord) {
        let bytes = record.encoded()
        for index in bytes.indices {
            for flip in [UInt8(1), 0x80, 0xff] {
                var altered = bytes
                altered[index] ^= flip
                if let read = try? CopyRecord(decoding: altered) {
                    #expect(read != record, "byte \(index)")
                    #expect(read.encoded() == altered, "byte \(index) is read leniently")
                }
            }
        }
    }

    static let wrong: [(change: @Sendable (inout [UInt8]) -> Void, problem: WireProblem)] = [
        ({ $0[0] = UInt8(ascii: "X") }, .foreign),
        ({ $0[2] = 9 }, .schema(9)),
        ({ $0.append(0) }, .trailing(1)),
        (
            {
                $0[43] = 0; $0[44] = 99
            }, .badValue(field: "the status")
        ),
        (
            {
                $0[43] = 2; $0[44] = 88
            }, .badValue(field: "the status")
        ),
        ({ $0[45] = 2 }, .badValue(field: "the sharing")),
        ({ $0[46] = 0xff }, .badValue(field: "the freshness")),
        ({ $0[54] = 0xff }, .badValue(field: "the use")),
        ({ $0[35] = 0xff }, .badValue(field: "the time it is kept")),
        ({ $0[66] = 3 }, .badValue(field: "the stale use")),
        ({ $0[67] = 3 }, .badValue(field: "the coding")),
        (
            {
                $0[68] = 0x04; $0[69] = 0x01
            }, .tooLong(field: "the entity tag", count: 1_025)
        ),
        ({ $0 += [UInt8](repeating: 0, count: CopyRecord.longest) }, .tooLong(field: "the record", count: 0)),
    ]

    @Test(arguments: wrong.indices)
    func `an error of a record says what is wrong`(index: Int) {
        var bytes = Self.shared.encoded()
        let count = bytes.count
        Self.wrong[index].change(&bytes)
        var expected = Self.wrong[index].problem
        if case .tooLong(let field, 0) = expected {
            expected = .tooLong(field: field, count: count + CopyRecord.longest)
        }
        let problem = #expect(throws: WireProblem.self) { try CopyRecord(decoding: bytes) }
        #expect(problem == expected)
    }

    @Test func `facts that no record can hold are known as such`() {
        #expect(Self.shared.facts.fits)
        let changes: [(inout CopyFacts) -> Void] = [
            { $0.entityTag = [UInt8](repeating: 65, count: 1_025) },
            { $0.lastModified = [UInt8](repeating: 65, count: 65) },
            { $0.cacheControl = [UInt8](repeating: 65, count: 1_025) },
            { $0.contentType = [UInt8](repeating: 65, count: 257) }, { $0.status = 199 }, { $0.status = 600 },
            { $0.staleUse = 3 }, { $0.coding = 3 }, { $0.freshFor = .max }, { $0.usableFor = .max },
        ]
        for change in changes {
            var facts = Self.shared.facts
            change(&facts)
            #expect(!facts.fits)
        }
        var largest = Self.shared
        largest.facts.owner = Self.id
        largest.facts.entityTag = [UInt8](repeating: 65, count: 1_024)
        largest.facts.lastModified = [UInt8](repeating: 65, count: 64)
        largest.facts.cacheControl = [UInt8](repeating: 65, count: 1_024)
        largest.facts.contentType = [UInt8](repeating: 65, count: 256)
        #expect(largest.facts.fits)
        #expect((try? CopyRecord(decoding: largest.encoded())) == largest)
    }

    @Test(
        arguments: [
            (59_000, 0, 1_000), (60_000, 0, 0), (0, 0, 60_000), (61_000, 5, 5), (-1, 7, 7), (-2, 9, 9), (-2, -9, 0),
        ] as [(Int64, Int64, UInt64)])
    func `a copy's age follows from the engine, else from the clocks, and it is never negative`(
        remaining: Int64, clock: Int64, age: UInt64
    ) {
        var record = Self.shared
        record.keptFor = 60_000
        #expect(record.age(remaining: remaining, wall: UInt64(Int64(record.fetchedAt) + clock)) == age)
    }

    @Test(arguments: news)
    func `a message comes back as it was, and only whole`(news: News) throws {
        let bytes = news.encoded()
        #expect(bytes.count <= News.longest)
        #expect(try News(decoding: bytes) == news)
        for count in 0..<bytes.count {
            #expect(throws: WireProblem.self) { try News(decoding: Array(bytes.prefix(count))) }
        }
        #expect(throws: WireProblem.trailing(1)) { try News(decoding: bytes + [0]) }
        for index in bytes.indices {
            var altered = bytes
            altered[index] ^= 0xff
            if let read = try? News(decoding: altered) {
                #expect(read != news && read.encoded() == altered)
            }
        }
    }

    @Test func `a message's impossible values are errors`() {
        func changed(_ news: News, _ index: Int, _ byte: UInt8) -> [UInt8] {
            var bytes = news.encoded()
            bytes[index] = byte
            return bytes
        }
        #expect(throws: WireProblem.schema(2)) { try News(decoding: changed(Self.news[0], 2, 2)) }
        #expect(throws: WireProblem.badValue(field: "the kind")) { try News(decoding: changed(Self.news[0], 3, 6)) }
        #expect(throws: WireProblem.badValue(field: "the pause")) { try News(decoding: changed(Self.news[1], 44, 1)) }
        #expect(throws: WireProblem.badValue(field: "the scope")) { try News(decoding: changed(Self.news[6], 4, 4)) }
        // The number 0 has no predecessor, and a number is above the one before it.
        #expect(throws: WireProblem.badValue(field: "the number")) { try News(decoding: changed(Self.news[5], 27, 8)) }
        #expect(throws: WireProblem.tooLong(field: "the message", count: 129)) {
            try News(decoding: [UInt8](repeating: 0, count: 129))
        }
    }

    @Test func `generations and tokens are read strictly`() throws {
        #expect(try Generation(decoding: Self.generation.encoded) == Self.generation)
        for bad in [Generation(number: 0), Generation(number: 1 << 62), Generation(number: 5, keeps: 5)] {
            #expect(throws: WireProblem.badValue(field: "the generation")) { try Generation(decoding: bad.encoded) }
        }
        #expect(throws: WireProblem.self) { try Generation(decoding: Array("17".utf8)) }
        #expect(LeaseToken(decoding: Self.token.encoded) == Self.token)
        #expect(LeaseToken(decoding: Self.token.encoded + [0]) == nil)
        #expect(LeaseToken(decoding: Array(Self.token.encoded.dropLast())) == nil)
    }
}
