import JSONDocument
import TestSupport
import Testing

@testable import Commands

@Suite struct StatusTextTests {
    private static let now = 1_795_000_000

    private func lines(_ text: String, width: Int? = nil) throws -> [String] {
        StatusText(try .make(text), now: Self.now).lines(width.map { .make(width: $0) } ?? .plain)
    }

    @Test func `a whole status is a page`() throws {
        let page = """
            Upstream has refused the key 1a2b3c4d (401) for 2 hours
            - Changed settings take effect only after a restart: listen, state.dir,
              state.enabled

            larder    0.1.0, pid 77, up 3h, 2 workers, 3 connections, 127.0.0.1:5273, unix:/run/larder.sock
            upstream  https://openrouter.ai/api/v1, 120 requests, 2 failed, answered 1m ago
            failure   2h ago, /models/user: upstream took too long: connecting
            waiting   backing off: no fetch of /models/user for 12s
            requests  2000, 98.2% from the cache, 1900 hit, 64 stale, 30 miss, 5 passed through, 1 failed
            latency   p50 12 us, p90 20 us, p99 81.5 us, p99.9 900 us
            cache     1.5 MiB of 256.0 MiB, 2 copies, 14 answers, 0 evicted
            state     /var/lib/larder, healthy, 2.0 MiB

            COPY          KEY       STATE  AGE  TTL  STATUS       SIZE  MODELS
            /models       shared    fresh  12s   4m     200    1.0 MiB     437
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
        (#""entries":7,"distinct_entries":2"#, 2, "2 copies"), (#""entries":2,"distinct_entries":1"#, 1, "1 copy"),
        (#""entries":900,"distinct_entries":600"#, 500, "600 copies (500 shown)"), (#""entries":7"#, 2, "7 copies"),
    ])
    func `the number of copies is that of the table's rows`(cache: String, rows: Int, text: String) throws {
        let entries = Array(repeating: #"{"resource":"/models"}"#, count: rows).joined(separator: ",")
        let lines = try lines("{\"cache\":{\(cache)},\"entries\":[\(entries)]}")
        #expect(lines.contains("cache     \(text)") && lines.count { $0.hasPrefix("/models") } == rows)
    }

    @Test(arguments: [20, 80, 200]) func `the verdict wraps at eighty cells, or at the terminal's width`(width: Int)
        throws
    {
        let text = String(repeating: "word ", count: 50) + "end"
        let status = #"{"verdict":{"level":"error","text":"\#(text)"},"findings":[{"text":"\#(text)"}]}"#
        let lines = try lines(status, width: width)
        let most = min(width, 80)
        #expect(lines.allSatisfy { DisplayText.width($0) <= most } && lines.last == "")
        #expect(lines.joined(separator: " ").split(separator: " ").count == 2 * 51 + 1)
        #expect(lines.count { $0.hasPrefix("- word") } == 1 && lines.count { $0.hasPrefix("  word") } > 0)
    }

    @Test(arguments: [Int64.min, .min + 1, -1, 0, .max - 1, .max])
    func `a number that no Larder would say ends nothing`(number: Int64) throws {
        // Every number of the sample, one after the other.
        let sample = StatusSample.whole
        let numbers = sample.matches(of: /:\s*(\d+)/).map(\.output.1)
        #expect(numbers.count > 20)
        for found in numbers {
            let text = sample.replacingCharacters(found, by: "\(number)")
            #expect(try !lines(text).isEmpty)
        }
    }

    @Test(arguments: [
        "{}", #"{"verdict":{},"findings":[{},7,{"text":3}]}"#, #"{"verdict":{"text":"a","level":9},"findings":{}}"#,
        #"{"upstream":null,"entries":null}"#, #"{"version":7,"entries":[],"upstream":{"recent":[]}}"#,
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

extension String {
    fileprivate func replacingCharacters(_ part: Substring, by new: String) -> String {
        String(self[..<part.startIndex]) + new + String(self[part.endIndex...])
    }
}
