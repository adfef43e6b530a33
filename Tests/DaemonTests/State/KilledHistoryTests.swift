import Foundation
import Glibc
import HistoryReference
import TestSupport
import Testing

/// A process that is killed at any moment while it records changes.
///
/// LARDER_TEST_KILLS says how often; `scripts/check-state` does it for longer.
@Suite(.timeLimit(.minutes(300))) struct KilledHistoryTests {
    /// The catalogue of that number: each has another price than the one before.
    private static func catalogue(_ number: Int) -> [UInt8] {
        let rows = (0..<40).map { row in
            let price = row == number % 40 ? number : row
            return
                #"{"id":"fetch/row-\#(row)","architecture":{"output_modalities":["text"]},"pricing":{"prompt":"0.1\#(price)"}}"#
        }
        return Array(#"{"data":[\#(rows.joined(separator: ","))]}"#.utf8)
    }

    private static func changes(_ larder: LarderProcess) throws -> [PlainValue] {
        var (all, next): ([PlainValue], String) = ([], "0")
        while true {
            let answer = try larder.get("/_larder/changes?limit=1000&since=\(next)")
            #expect(answer.status == 200, "\(answer.text)")
            let page = try PlainValue(parsing: answer.body)
            guard case .array(let data) = page["data"], case .number(let cursor) = page["next"] else { return all }
            all += data
            next = cursor
            if page["has_more"] != .bool(true) { return all }
        }
    }

    @Test func `the next process has each change once, in order, and goes on`() throws {
        let kills = Int(ProcessInfo.processInfo.environment["LARDER_TEST_KILLS"] ?? "") ?? 6
        let (fetched, folder) = (Monitor(0), StateFolder())
        let upstream = try UpAndDown { _ in
            Replies.body(
                Self.catalogue(
                    fetched.withValue {
                        $0 += 1; return $0
                    }))
        }
        var known: [PlainValue] = []
        for round in 0..<kills {
            let larder = try LarderProcess.serve(before: upstream, in: folder, ["--workers", "2"])
            let isOver = Monitor(false)
            let port = larder.port
            startThread {
                defer { isOver.withValue { $0 = true } }
                guard let client = try? RawClient(port: port) else { return }
                while (try? client.get("/models", ["Cache-Control": "no-cache"])) != nil {}
            }
            usleep(UInt32.random(in: 0..<(round % 3 == 0 ? 20_000 : 400_000)))
            // What a client has seen is there after the kill. On a busy machine, the last round may have the first change.
            if round == kills - 1 { try eventually("there is a change") { try !Self.changes(larder).isEmpty } }
            let seen = round % 2 == 0 ? try Self.changes(larder) : []
            larder.child.signal(SIGKILL)
            #expect(try larder.child.waitForExit() == .signalled(SIGKILL))
            _ = isOver.wait(.hang) { $0 ? () : nil }

            let next = try LarderProcess.serve(before: upstream, in: folder)
            let all = try Self.changes(next)
            #expect(Array(all.prefix(known.count)) == known, "round \(round)")
            #expect(Array(all.prefix(seen.count)) == seen, "round \(round)")
            let cursors = all.compactMap { event -> Int? in
                if case .number(let text) = event["cursor"] { Int(text) } else { nil }
            }
            let isContiguous = zip(cursors, cursors.dropFirst()).allSatisfy { $1 == $0 + 1 }
            #expect(isContiguous && cursors.count == all.count, "round \(round)")
            #expect(all.allSatisfy { $0["kind"] == .string("price") }, "round \(round)")
            #expect(!next.child.lines().contains { $0.contains("set aside") }, "round \(round)")
            known = all
            try next.end()
        }
        print("killed \(kills) times; \(known.count) changes of \(fetched.current) catalogues")
        #expect(!known.isEmpty)
    }
}
