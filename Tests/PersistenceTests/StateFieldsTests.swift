import Bytes
import Caching
import HTTPCore
import Serving
import Testing

@testable import Persistence

@Suite struct StateFieldsTests {
    /// What an entry of a shared response comes to.
    private static func make() -> StateFields {
        var cacheControl = CacheControl()
        cacheControl.flags = .isPublic
        cacheControl.maxAge = 120
        return StateFields(
            Entry(
                content: .body(.empty),
                freshness: Freshness(storedAt: 900, lifetime: 300_000, initialAge: 7, staleUse: .always), maxAge: 300,
                isShared: true, status: .ok, contentType: Array("text/x".utf8), identity: 1,
                lastModified: 1_795_225_227,
                metadata: ResponseMetadata(cacheControl: cacheControl, entityTag: "\"a\"")), storedAt: -5)
    }

    /// The written form, a line for each field. Another one would need another version, or copies of earlier releases would be
    /// read as what they are not.
    private static let written: [UInt8] = [
        [1],
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFB],
        [0, 0, 0, 0, 0, 0x04, 0x93, 0xE0],
        [0, 0, 0, 0, 0, 0, 0, 7],
        [2],
        [1],
        [0, 0, 0, 0, 0x6B, 0x00, 0xF6, 0x8B],
        [0, 0, 0, 6] + Array("text/x".utf8),
        [8],
        [0, 0, 0, 0, 0, 0, 0, 120],
        [UInt8](repeating: 0xFF, count: 8),
        [0, 0, 0, 3] + Array("\"a\"".utf8),
        [0, 0, 0, 0],
    ].flatMap { $0 }

    @Test func `the written form stays as it is`() { #expect(Self.make().bytes == Self.written) }

    @Test func `what was written is read again`() { #expect(StateFields(Self.written) == Self.make()) }

    @Test func `another version, or anything too short or too long, is not read`() {
        #expect(StateFields([2] + Self.written.dropFirst()) == nil)
        for length in 0..<Self.written.count { #expect(StateFields(Array(Self.written.prefix(length))) == nil) }
        #expect(StateFields(Self.written + [0]) == nil)
    }
}
