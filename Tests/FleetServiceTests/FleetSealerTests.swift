import Digest
import Fleet
import Foundation
import Testing

@testable import FleetService

@Suite struct FleetSealerTests {
    private static let key = EngineKey(name: "larder:{test}:c:1")

    private func sealer(_ secret: [UInt8] = Replica.secret) throws -> FleetSealer {
        FleetSealer(try FleetSecret(secret))
    }

    @Test func `what is sealed opens with the same secret for the same key, and nothing of it can be read`() throws {
        let text = bytes("sk-or-v1-secret and more")
        let sealed = try sealer().seal(text, for: Self.key)
        #expect(try sealer().open(sealed, for: Self.key) == text)
        #expect(!String(decoding: sealed, as: UTF8.self).contains("secret"))
        #expect(try sealer().seal(text, for: Self.key) != sealed)
        #expect(try sealer().open(sealed, for: EngineKey(name: "larder:{test}:c:2")) == nil)
        #expect(try sealer(bytes("another secret of 32 bytes or more")).open(sealed, for: Self.key) == nil)
        #expect(sealed.count <= text.count + 64)
    }

    @Test func `every altered byte of a record, of a message and of a body is refused`() throws {
        let sealer = try sealer()
        let sealed = sealer.seal(bytes("a record"), for: Self.key)
        for place in sealed.indices {
            for bit in 0..<8 {
                var altered = sealed
                altered[place] ^= 1 << UInt8(bit)
                #expect(sealer.open(altered, for: Self.key) == nil)
            }
        }
        for length in 0..<sealed.count { #expect(sealer.open(Array(sealed.prefix(length)), for: Self.key) == nil) }
        #expect(sealer.open(sealed + [0], for: Self.key) == nil)
        for isPrivate in [false, true] {
            let (digest, body) = sealer.sealBody(bytes("a list"), isPrivate: isPrivate)
            #expect(sealer.digest(of: bytes("a list"), isPrivate: isPrivate) == digest)
            #expect(sealer.openBody(body, digest: digest, isPrivate: isPrivate) == bytes("a list"))
            for place in body.indices {
                var altered = body
                altered[place] ^= 1
                #expect(sealer.openBody(altered, digest: digest, isPrivate: isPrivate) == nil)
            }
            #expect(sealer.openBody(body, digest: digest, isPrivate: !isPrivate) == nil)
            #expect(sealer.openBody([], digest: digest, isPrivate: isPrivate) == nil)
        }
    }

    @Test func `a private body is encrypted under a digest that needs the secret, and a shared one is as it is`() throws
    {
        let list = bytes("{\"id\": \"a/private-model\"}")
        let mine = try sealer().sealBody(list, isPrivate: true)
        #expect(!String(decoding: mine.bytes, as: UTF8.self).contains("private"))
        #expect(try sealer().sealBody(list, isPrivate: true).digest == mine.digest)
        #expect(
            try sealer(bytes("another secret of 32 bytes or more")).sealBody(list, isPrivate: true).digest
                != mine.digest)
        #expect(try sealer().sealBody(list, isPrivate: false).bytes == list)
    }

    @Test func `resources and owners have the same names on every member, and others under another secret`() throws {
        let owner = Identifier(high: 1, low: 2)
        let name = bytes("models/user")
        #expect(try sealer().identifier(of: name, owner: owner) == sealer().identifier(of: name, owner: owner))
        let names = try [
            sealer().identifier(of: name, owner: owner), sealer().identifier(of: name, owner: nil),
            sealer().identifier(of: name, owner: Identifier(high: 1, low: 3)),
            sealer(bytes("another secret of 32 bytes or more")).identifier(of: name, owner: owner),
        ]
        #expect(Set(names).count == 4)
        let key = bytes("Bearer sk-or-v1-0")
        let fingerprints = try [Replica.secret, bytes("another secret of 32 bytes or more")].map {
            try FleetSecret($0).ownerFingerprinter.fingerprint(key.span)
        }
        #expect(fingerprints[0] != fingerprints[1])
        #expect(try FleetSecret(Replica.secret).ownerFingerprinter.fingerprint(key.span) == fingerprints[0])
    }

    @Test(
        arguments: [
            ([UInt8](), .tooShort(0)), (bytes(String(repeating: "ab", count: 15) + "c\n"), .tooShort(31)),
            ([UInt8](repeating: 7, count: 40), .isUniform),
            ((0..<66_000).map { UInt8(truncatingIfNeeded: $0) }, .tooLong(66_000)),
        ] as [([UInt8], FleetSecret.Problem)])
    func `a secret that is no secret is refused`(secret: [UInt8], problem: FleetSecret.Problem) {
        #expect(throws: problem) { try FleetSecret(secret) }
        #expect(problem.description.contains("fleet.secret_file"))
    }

    @Test func `a secret is read from a file, with or without a line break at its end`() throws {
        let path = "/tmp/larder-secret-\(UInt32.random(in: 0...UInt32.max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let text = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
        try Data((text + "\n").utf8).write(to: URL(fileURLWithPath: path))
        let sealed = FleetSealer(try FleetSecret(file: path)).seal([1, 2], for: Self.key)
        #expect(try sealer(bytes(text)).open(sealed, for: Self.key) == [1, 2])
        // In a binary secret every byte counts.
        #expect(try sealer((0..<31).map { $0 &* 9 } + [10]).open(sealed, for: Self.key) == nil)
        #expect(throws: FleetSecret.Problem.unreadable("/nonexistent")) { try FleetSecret(file: "/nonexistent") }
        #expect(!"\(try FleetSecret(file: path))".contains("9"))
    }
}
