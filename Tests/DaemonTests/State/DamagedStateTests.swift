import EventLoop
import Foundation
import Glibc
import TestSupport
import Testing

@testable import Daemon

/// State with a byte in it that is not what was written.
///
/// LARDER_TEST_FLIPS says how many; `scripts/check-state` tries more.
@Suite(.timeLimit(.minutes(300))) struct DamagedStateTests {
    private static let targets = ["/models", "/models?category=x", "/providers", "/models/user"]

    private static func reply(_ request: OriginRequest) -> OriginReply {
        switch request.path {
        case "/api/v1/providers": Replies.body(Array(#"{ "data" : ["a"] }"#.utf8))
        case "/api/v1/models/user": Replies.list(["\(request.key ?? "nobody")/own"], ["Cache-Control": "private"])
        case "/api/v1/models" where request.query.contains("category"): Replies.list(["bare/minimum"])
        default: Replies.wellBehaved(request)
        }
    }

    /// Serves right answers or none, and ends in good order, however the directory looks.
    private func check(_ answers: [RawResponse], _ expected: [[UInt8]], _ what: String) -> Int {
        var served = 0
        for ((answer, body), target) in zip(zip(answers, expected), Self.targets) {
            let isRight = answer.status == 200 ? answer.body == body : answer.status == 502 || answer.status == 503
            #expect(isRight, "\(target) after \(what): \(answer.status) \(answer.text.prefix(200))")
            if answer.status == 200 { served += 1 }
        }
        return served
    }

    @Test func `a changed byte never makes a wrong answer`() throws {
        let flips = Int(ProcessInfo.processInfo.environment["LARDER_TEST_FLIPS"] ?? "") ?? 40
        let (upstream, folder) = (try UpAndDown(Self.reply), StateFolder())
        let anna: MessageFields = ["Authorization": "Bearer anna"]
        // Killed, so that a log lies beside the database; the life before it has left most in the database itself.
        try LiveLarder.serving(before: upstream.origin, { folder.keep(&$0) }) { larder throws in
            for target in Self.targets { _ = try larder.get(target, anna) }
        }
        let process = try LarderProcess.serve(before: upstream, in: folder)
        let refresh: MessageFields = ["Authorization": "Bearer anna", "Cache-Control": "no-cache"]
        let expected = try Self.targets.map { try process.get($0, refresh).body }
        try eventually("a log is written") { try (folder.files()["larder.db-wal"]?.count ?? 0) > 8_000 }
        usleep(200_000)
        process.child.signal(SIGKILL)
        try process.child.waitForExit()
        let whole = try folder.files()
        upstream.setDown(true)

        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        let names = whole.filter { !$0.value.isEmpty }.keys.sorted()
        try #require(names == ["larder.db", "larder.db-wal", "secret"])
        var served = 0
        for flip in 0..<flips {
            var files = whole
            // Half of them fall where it hurts most: the secret, and what SQLite steers by.
            let name = flip % 10 == 0 ? "secret" : names[flip % 2]
            let size = whole[name]!.count
            let near = min(size, 4096)
            let position = Int.random(in: 0..<(Bool.random(using: &random) ? near : size), using: &random)
            let mask =
                flip % 3 == 0 ? 1 << UInt8.random(in: 0..<8, using: &random) : UInt8.random(in: 1...255, using: &random)
            files[name]![position] ^= mask
            try folder.replace(with: files)
            let what = "\(name)[\(position)] ^ \(mask), seed \(seed)"
            if flip % 20 == 19 {
                let larder = try LarderProcess.serve(before: upstream, in: folder)
                served += check(try Self.targets.map { try larder.get($0, anna) }, expected, what)
                try larder.end()
            } else {
                served += try LiveLarder.serving(before: upstream.origin, { folder.keep(&$0) }) { larder throws in
                    check(try Self.targets.map { try larder.get($0, anna) }, expected, what)
                }
            }
        }
        print(
            "\(flips) changed bytes: \(served) of \(flips * Self.targets.count) answers were served")
        #expect(served > 0 && served < flips * Self.targets.count)
        // All that was served came from these files: whole, they serve everything.
        try folder.replace(with: whole)
        try LiveLarder.serving(before: upstream.origin, { folder.keep(&$0) }) { larder throws in
            #expect(check(try Self.targets.map { try larder.get($0, anna) }, expected, "nothing") == expected.count)
        }
    }
}
