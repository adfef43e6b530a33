import Foundation
import Glibc
import TestSupport
import Testing

/// A process that is killed at any moment, while it is asked and while it fetches, and the next one with no upstream.
///
/// LARDER_TEST_KILLS says how often; `scripts/check-state` does it for longer.
@Suite(.timeLimit(.minutes(300))) struct KilledTests {
    /// The catalogue of that number: larger with some, and different all over.
    private static func catalogue(_ number: Int) -> [UInt8] {
        let rows = (0..<(20 + number % 7 * 60)).map { row in
            #"{"id":"fetch-\#(number)/row-\#(row)","architecture":{"output_modalities":["text"]},"description":"\#(number * 7919 + row)"}"#
        }
        return Array(#"{"data":[\#(rows.joined(separator: ","))]}"#.utf8)
    }

    /// What Larder answers to `/models` when it has the catalogue of that number.
    private static func list(_ number: Int) -> String {
        let rows = String(decoding: catalogue(number).dropLast(), as: UTF8.self)
        return rows + #","total_count":\#(20 + number % 7 * 60),"links":{"next":null}}"#
    }

    /// The number of the catalogue in an answer.
    private static func number(in text: String) -> Int? {
        text.firstMatch(of: /fetch-([0-9]+)\//).flatMap { Int($0.1) }
    }

    /// Has a catalogue fetched, and waits until it is on the disk: a purge, here of a key that nobody has, ends once
    /// everything before it is.
    private static func fetchAndWrite(_ larder: LarderProcess) throws {
        let client = try RawClient(port: larder.port)
        defer { client.close() }
        #expect(try client.get("/models", ["Cache-Control": "no-cache"]).status == 200)
        try eventually("it is written") {
            try client.request("POST", "/_larder/purge?key=00000001").status == 200
        }
    }

    @Test func `the next start serves the last good copy or one before it, whole, at its first request`() throws {
        let kills = Int(ProcessInfo.processInfo.environment["LARDER_TEST_KILLS"] ?? "") ?? 8
        let (fetched, folder) = (Monitor(0), StateFolder())
        let upstream = try UpAndDown { _ in
            Replies.body(
                Self.catalogue(
                    fetched.withValue {
                        $0 += 1; return $0
                    }))
        }
        // A last good copy to begin with.
        var larder = try LarderProcess.serve(before: upstream, in: folder, environment: ["LARDER_TTL_CATALOG": "1ms"])
        #expect(try larder.get("/models").status == 200)
        try larder.end()

        var (last, times, advances): (Int, [Duration], Int) = (0, [], 0)
        for round in 0..<kills {
            larder = try LarderProcess.serve(
                before: upstream, in: folder, ["--workers", "2"], environment: ["LARDER_TTL_CATALOG": "1ms"])
            // One of them insists on a fetch each time, so there is always one under way.
            let load = [["Cache-Control": "no-cache"], [:], [:]].map { (fields: MessageFields) in
                Load(port: larder.port, fields)
            }
            usleep(UInt32.random(in: 0..<(round % 3 == 0 ? 20_000 : 400_000)))
            // On a busy machine nothing may have reached the disk so far. In the last rounds something has.
            if round >= kills - 2 { try Self.fetchAndWrite(larder) }
            larder.child.signal(SIGKILL)
            #expect(try larder.child.waitForExit() == .signalled(SIGKILL))
            load.forEach { $0.wait() }

            upstream.setDown(true)
            let most = fetched.current
            let began = ContinuousClock.now
            larder = try LarderProcess.serve(before: upstream, in: folder, environment: ["LARDER_TTL_CATALOG": "1ms"])
            let answer = try larder.get("/models")
            times.append(.now - began)
            try #require(answer.status == 200, "round \(round): \(answer.text)")
            // The copy lay ready: the answer waited neither for upstream nor for a refresh to fail.
            #expect(answer.isHit, "round \(round): \(answer.cacheStatus)")
            let number = try #require(Self.number(in: answer.text))
            #expect(number <= most && number >= last, "round \(round): \(number) of \(most), after \(last)")
            let isWhole = answer.text == Self.list(number)
            #expect(isWhole, "round \(round): not what upstream sent")
            #expect(!larder.child.lines().contains { $0.contains("set aside") }, "round \(round)")
            if number > last { advances += 1 }
            last = number
            larder.child.signal(SIGKILL)
            try larder.child.waitForExit()
            upstream.setDown(false)
        }
        // What was fetched under the load did reach the disk.
        #expect(advances > 1)
        // For readers of the log; how long a start may take depends on the machine.
        times.sort()
        print(
            "killed \(kills) times; from the start to the first good answer:",
            "\(times[0]) at best, \(times[times.count / 2]) mostly, \(times[times.count - 1]) at worst")
    }
}

/// A client that asks again and again until its server is gone.
private final class Load: Sendable {
    private let isOver = Monitor(false)

    init(port: UInt16, _ fields: MessageFields) {
        startThread { [isOver] in
            defer { isOver.withValue { $0 = true } }
            guard let client = try? RawClient(port: port) else { return }
            while (try? client.get("/models", fields)) != nil {}
        }
    }

    func wait() { _ = isOver.wait(.hang) { $0 ? () : nil } }
}
