import Bytes
import HTTPCore
import Testing

@testable import Serving

@Suite("Answers")
struct AnswerTests {
    private static let modified = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

    @Test("The head of a shared answer, byte for byte")
    func sharedHead() {
        let answer = Answer.make(from: .make(), body: "12345")
        #expect(
            text(answer.head)
                == "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n"
                + "ETag: \"00000000000000a1\"\r\nCache-Control: public, max-age=300\r\n"
                + Self.modified + "Vary: Accept-Encoding\r\n")
        #expect(
            answer.notModifiedHead.map { text($0) }
                == "HTTP/1.1 304 Not Modified\r\n"
                + "ETag: \"00000000000000a1\"\r\nCache-Control: public, max-age=300\r\n"
                + Self.modified + "Vary: Accept-Encoding\r\n")
        #expect(text(answer.entityTag) == "\"00000000000000a1\"")
        #expect(text(answer.body) == "12345")
        #expect(answer.owner == nil)
    }

    @Test("The head of a key's own answer, compressed, of some rows")
    func ownHead() {
        let entry = Entry.make(lifetime: 60_999, isShared: false, contentType: "text/x; y=1")
        let answer = Answer.make(from: entry, owner: .alice, body: "", coding: .gzip, selection: 0xB2)
        #expect(
            text(answer.head)
                == "HTTP/1.1 200 OK\r\nContent-Type: text/x; y=1\r\nContent-Length: 0\r\nContent-Encoding: gzip\r\n"
                + "ETag: \"00000000000000a100000000000000b2-gzip\"\r\nCache-Control: private, max-age=60\r\n"
                + Self.modified + "Vary: Authorization, Accept-Encoding\r\n")
        #expect(
            answer.notModifiedHead.map { text($0) }
                == "HTTP/1.1 304 Not Modified\r\n"
                + "ETag: \"00000000000000a100000000000000b2-gzip\"\r\nCache-Control: private, max-age=60\r\n"
                + Self.modified + "Vary: Authorization, Accept-Encoding\r\n")
        #expect(answer.owner == .alice)
    }

    @Test("A refusal is answered with upstream's status, and never as not modified", arguments: [400, 401, 403, 404])
    func refusal(code: Int) {
        let status = Status(rawValue: code)
        let answer = Answer.make(from: .refusal(status), owner: .bob, body: "no")
        #expect(answer.status == status)
        #expect(answer.notModifiedHead == nil)
        #expect(
            text(answer.head)
                == "HTTP/1.1 \(code) \(status.reasonPhrase)\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
                + "ETag: \"00000000000000a1\"\r\nCache-Control: private, max-age=5\r\n"
                + Self.modified + "Vary: Authorization, Accept-Encoding\r\n")
    }

    @Test("Answers of one entry that differ have tags that differ")
    func tags() {
        let entry = Entry.make()
        var tags: Set<String> = []
        for selection: UInt64 in [0, 1, 2, .max] {
            for coding in ContentCoding.allCases {
                tags.insert(text(Answer.make(from: entry, coding: coding, selection: selection).entityTag))
            }
        }
        tags.insert(text(Answer.make(from: .make(identity: 0xA2)).entityTag))
        #expect(tags.count == 13)
    }

    @Test(
        "Compression is asked for once, and only where it is wanted and worth it", arguments: [ContentCoding.gzip, .br])
    func compressionOnce(coding: ContentCoding) {
        let large = String(repeating: "x", count: 1024)
        let answer = Answer.make(from: .make(), body: large, preferred: coding)
        #expect(answer.wantsCompression())
        #expect(!answer.wantsCompression())
        #expect(!Answer.make(from: .make(), body: large).wantsCompression())
        #expect(!Answer.make(from: .make(), body: large, coding: coding).wantsCompression())
        #expect(!Answer.make(from: .make(), body: String(large.dropLast()), preferred: coding).wantsCompression())
    }

    @Test("The compressed form is the same answer in another coding", arguments: [ContentCoding.gzip, .br])
    func compressed(coding: ContentCoding) {
        let answer = Answer.make(
            from: .make(isShared: false), owner: .bob, body: "long", selection: 7, validUntil: 99, target: "/models?x",
            preferred: coding)
        let small = answer.compressed(SharedBytes(utf8: "z"))
        #expect(small.source === answer.source)
        #expect(small.owner == .bob)
        #expect(small.coding == coding)
        #expect(small.validUntil == 99)
        #expect(small.target == answer.target)
        #expect(text(small.body) == "z")
        #expect(text(small.head).contains("Content-Length: 1\r\nContent-Encoding: \(coding.token)\r\n"))
        #expect(text(small.entityTag) == "\"00000000000000a10000000000000007-\(coding.token)\"")
        #expect(!small.wantsCompression())
    }

    @Test("Its bytes are those of body, heads and target, the copies for hits, and something for the rest")
    func byteCount() {
        let answer = Answer.make(from: .make(), body: "12345", target: "/models?limit=1")
        let heads = answer.head.count + (answer.notModifiedHead?.count ?? 0) + answer.entityTag.count
        let again = answer.head.count + PreparedHead.mostFields
        #expect(answer.byteCount == 2 * 5 + heads + again + 15 + Answer.overhead)
    }
}
