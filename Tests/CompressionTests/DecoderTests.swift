import Bytes
import Compression
import Foundation
import TestSupport
import Testing

/// The codings that are decoded, each with whole streams of it.
enum Coded: String, CaseIterable, CustomTestStringConvertible {
    case gzip
    case zlib
    case raw
    case brotli

    var testDescription: String { rawValue }

    var decoder: Decoder {
        switch self {
        case .gzip: .gzip
        case .zlib, .raw: .deflate
        case .brotli: .brotli
        }
    }

    /// `bytes` in this coding, written by another program where Larder has no encoder of its own.
    func coded(_ bytes: [UInt8]) throws -> [UInt8] {
        switch self {
        case .gzip: return try Format.gzip.compressed(bytes)
        case .brotli: return try Format.brotli.compressed(bytes)
        case .raw:
            // A gzip member without its header and trailer.
            return Array(try Format.gzip.compressed(bytes).dropFirst(10).dropLast(8))
        case .zlib:
            let raw = try Coded.raw.coded(bytes)
            var (a, b): (UInt32, UInt32) = (1, 0)
            for byte in bytes {
                a = (a + UInt32(byte)) % 65521
                b = (b + a) % 65521
            }
            let sum = b << 16 | a
            return [0x78, 0x9C] + raw + (0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * $0)) }
        }
    }

    /// What decoding comes to.
    func decoded(_ bytes: [UInt8], limit: Int = 1 << 26) -> Result<[UInt8], DecodingFault> {
        do throws(DecodingFault) {
            let decoded = try decoder.decode(bytes.span, limit: limit)
            return .success(decoded.span.copied())
        } catch {
            return .failure(error)
        }
    }
}

extension Result where Failure == DecodingFault {
    fileprivate var fault: DecodingFault? { if case .failure(let fault) = self { fault } else { nil } }
}

@Suite("Decoding")
struct DecoderTests {
    @Test(arguments: Coded.allCases, [0, 1, 5, 32_767, 32_768, 32_769, 500_000, 3 << 20])
    func `what was coded comes out`(coded: Coded, count: Int) throws {
        let bytes = sample(count)
        let isSame = coded.decoded(try coded.coded(bytes)) == .success(bytes)
        #expect(isSame)
    }

    @Test(arguments: Coded.allCases)
    func `bytes cut anywhere are cut, never whole`(coded: Coded) throws {
        let whole = try coded.coded(sample(2_000))
        for count in 0..<whole.count {
            #expect(coded.decoded(Array(whole.prefix(count))).fault == .cut, "\(count) of \(whole.count)")
        }
    }

    @Test(arguments: Coded.allCases)
    func `a large stream cut anywhere is cut as well`(coded: Coded) throws {
        let whole = try coded.coded(sample(400_000))
        for count in [whole.count / 3, 32 << 10, whole.count / 2, whole.count - 9, whole.count - 1] {
            #expect(coded.decoded(Array(whole.prefix(count))).fault == .cut, "\(count) of \(whole.count)")
        }
    }

    @Test(arguments: Coded.allCases, [[0], [0x1F], [0x1F, 0x8B], [0x78], Array("junk".utf8), [0, 0, 0, 1]])
    func `bytes behind the end are refused`(coded: Coded, more: [UInt8]) throws {
        let outcome = coded.decoded(try coded.coded(sample(2_000)) + more)
        switch (coded, more) {
        case (.gzip, [0]): #expect(outcome == .success(sample(2_000)))
        case (.gzip, [0x1F]), (.gzip, [0x1F, 0x8B]): #expect(outcome.fault == .cut)
        default: #expect(outcome.fault == .trailing)
        }
    }

    @Test func `a gzip body may have several members, and zeros at its end`() throws {
        let (one, two) = (sample(70_000), Array("two".utf8))
        let members = try Coded.gzip.coded(one) + (try Coded.gzip.coded([])) + (try Coded.gzip.coded(two))
        #expect(Coded.gzip.decoded(members) == .success(one + two))
        #expect(Coded.gzip.decoded(members + [UInt8](repeating: 0, count: 100_000)) == .success(one + two))
        // The last member is cut, or damaged.
        #expect(Coded.gzip.decoded(Array(members.dropLast())).fault == .cut)
        #expect(Coded.gzip.decoded(members + [0, 0] + (try Coded.gzip.coded(two))).fault == .trailing)
    }

    @Test(arguments: [1, 5, 8])
    func `gzip's checksum and length are checked`(fromEnd: Int) throws {
        var bytes = try Coded.gzip.coded(sample(2_000))
        bytes[bytes.count - fromEnd] ^= 0x10
        #expect(Coded.gzip.decoded(bytes).fault == .malformed)
    }

    @Test func `zlib's checksum is checked`() throws {
        var bytes = try Coded.zlib.coded(sample(2_000))
        bytes[bytes.count - 1] ^= 0x10
        #expect(Coded.zlib.decoded(bytes).fault == .malformed)
    }

    @Test(arguments: [Coded.gzip, .zlib, .brotli])
    func `what is in no coding is malformed`(coded: Coded) {
        for text in [#"{"data":[]}"#, "<html>busy</html>", "hello, world"] {
            #expect(coded.decoded(Array(text.utf8)).fault != nil)
        }
    }

    @Test(arguments: Coded.allCases)
    func `changed bytes never end the process, and never give more than the limit`(coded: Coded) throws {
        let whole = try coded.coded(sample(3_000))
        var state: UInt64 = 11
        for _ in 0..<2_000 {
            var bytes = whole
            for _ in 0..<3 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 24)
            }
            if case .success(let decoded) = coded.decoded(bytes, limit: 4_000) { #expect(decoded.count <= 4_000) }
        }
    }

    @Test(arguments: Coded.allCases)
    func `the limit is exact`(coded: Coded) throws {
        let bytes = sample(100_000)
        let stream = try coded.coded(bytes)
        #expect(coded.decoded(stream, limit: 100_000) == .success(bytes))
        #expect(coded.decoded(stream, limit: 99_999).fault == .tooLarge)
        #expect(coded.decoded(stream, limit: 0).fault == .tooLarge)
    }

    @Test(arguments: Coded.allCases)
    func `a bomb is stopped at the limit, at little cost`(coded: Coded) throws {
        let bomb = try coded.coded([UInt8](repeating: 0x20, count: 8 << 20))
        let time = ContinuousClock().measure {
            #expect(coded.decoded(bomb, limit: 64 << 10).fault == .tooLarge)
        }
        // All of it takes many times as long, even where nothing else wants the core.
        let whole = ContinuousClock().measure { #expect((try? coded.decoded(bomb).get().count) == 8 << 20) }
        #expect(time < whole)
    }

    @Test func `an empty gzip member in thousands is no endless work`() throws {
        let members = try (0..<20_000).flatMap { _ in try Coded.gzip.coded([]) }
        #expect(Coded.gzip.decoded(members) == .success([]))
    }
}
