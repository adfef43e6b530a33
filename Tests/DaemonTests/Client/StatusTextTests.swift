import JSONDocument
import Testing

@testable import Daemon

@Suite struct StatusTextTests {
    private static let now = 1_795_000_000

    private func lines(_ text: String, width: Int? = nil) throws -> [String] {
        StatusText(try .make(text), now: Self.now).lines(width.map { .make(width: $0) } ?? .plain)
    }

    @Test func `a whole status is a page`() throws {
        let page = """
            larder    0.1.0, pid 77, up 3h, 2 workers, 3 connections, 127.0.0.1:5273, unix:/run/larder.sock
            upstream  https://openrouter.ai/api/v1, 120 requests, 2 failed, answered 1m ago
            failure   2h ago, /models/user: upstream took too long: connecting
            waiting   upstream is not asked for /models/user for 12s
            requests  2000, 98.2% from the cache, 1900 hit, 64 stale, 30 miss, 5 passed through, 1 failed
            latency   p50 12 us, p90 20 us, p99 81.5 us, p99.9 900 us
            cache     1.5 MiB of 256.0 MiB, 2 copies, 14 answers, 0 evicted
            state     /var/lib/larder, healthy, 2.0 MiB

            COPY          KEY       STATE  AGE  TTL  STATUS       SIZE  MODELS
            /models       all       fresh  12s   4m     200    1.0 MiB     437
            /models/user  1a2b3c4d  stale   2m   0s     200  512.0 KiB     300

            KEY       COPIES       SIZE
            1a2b3c4d       1  512.0 KiB

            FETCHED       AGO  STATUS     MS       SIZE  ERROR
            /models       12s     200    210  102.0 KiB
            /models/user   2h       -  10000        0 B  timeout
            """
        #expect(try lines(StatusSample.whole).joined(separator: "\n") == page)
    }

    @Test(arguments: [
        "{}", #"{"upstream":null,"entries":null}"#, #"{"version":7,"entries":[],"upstream":{"recent":[]}}"#,
        #"{"entries":[{}],"keys":[{}],"upstream":{"recent":[{}],"last_failure":{},"backing_off":[{}]}}"#,
        #"{"requests":[],"cache":"x","state":3,"latency_us":true,"listen":"a","uptime_seconds":"1","pid":1.5e3}"#,
    ])
    func `a status of another version is shown as far as it goes`(text: String) throws {
        #expect(try !lines(text).isEmpty)
    }

    @Test func `each member may be missing`() throws {
        let whole = try JSONValue.make(StatusSample.whole)
        let all = whole.members.map { member in
            var bytes = ByteText()
            bytes.append(member.value)
            return (name: member.name.string ?? "", text: bytes.text)
        }
        for absent in all.indices {
            let rest = all.indices.filter { $0 != absent }.map { "\"\(all[$0].name)\":\(all[$0].text)" }
            #expect(try lines("{\(rest.joined(separator: ","))}").count > 5)
        }
    }

    @Test(arguments: [1, 20, 40, 79, 80, 120]) func `no line is wider than the terminal`(width: Int) throws {
        #expect(try lines(StatusSample.whole, width: width).allSatisfy { DisplayText.width($0) <= width })
    }

    @Test(arguments: [(0, "0.0%"), (0.5, "50.0%"), (0.9999, "99.9%"), (1, "100.0%"), (1.5, "?"), (.nan, "?")])
    func `a share is rounded down`(share: Double, text: String) {
        #expect(StatusText.percent(share) == text)
    }
}
