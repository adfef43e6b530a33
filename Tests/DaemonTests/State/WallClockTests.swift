import Foundation
import Glibc
import TestSupport
import Testing

/// A wall clock that is set while Larder runs, by libfaketime, which leaves the monotonic clock alone.
@Suite(.timeLimit(.minutes(300))) struct WallClockTests {
    /// Debian's `libfaketime`; nil where it is not installed.
    private static var library: String? {
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib")) ?? []
        return folders.map { "/usr/lib/\($0)/faketime/libfaketimeMT.so.1" }
            .first { FileManager.default.fileExists(atPath: $0) }
    }

    /// The library adds to the environment as it is loaded, which Swift cannot find its arguments behind; the shell that
    /// comes first takes that on itself.
    private static func serve(
        _ upstream: UpAndDown, _ folder: StateFolder, _ environment: [String: String]
    ) throws -> LarderProcess {
        let arguments = [
            "serve", "--listen", "127.0.0.1:0", "--upstream", upstream.origin.url + "/api/v1", "--state-dir",
            folder.path,
        ]
        let child = try ChildProcess(
            "/bin/sh", ["-c", "exec \"$0\" \"$@\"", LarderProcess.path] + arguments,
            environment: LarderProcess.environment(environment))
        return try LarderProcess.started(child)
    }

    /// Preloading it does not go together with a sanitizer, whose own library has to come first.
    private static var isUsable: Bool { library != nil && !Sanitizer.isThread && !Sanitizer.isAddress }

    @Test(.enabled(if: isUsable, "libfaketime is there, and no sanitizer"), arguments: ["+1d", "-1d"])
    func `a day forth or back neither freezes what is kept nor empties it`(shift: String) throws {
        let (fetched, folder) = (Monitor(0), StateFolder())
        let upstream = try UpAndDown { _ in Replies.list(["fetch/number-\(fetched.withValue { $0 += 1; return $0 })"]) }
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let clock = folder.beside("clock")
        func set(_ offset: String) throws { try offset.write(toFile: clock, atomically: true, encoding: .utf8) }
        let environment = [
            "LD_PRELOAD": try #require(Self.library), "FAKETIME_TIMESTAMP_FILE": clock, "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1", "LARDER_TTL_CATALOG": "3s", "LARDER_UPSTREAM_WARM_UP": "false",
            "LARDER_STALE_WHILE_REVALIDATE": "0s",
        ]
        func age(_ answer: RawResponse) throws -> Int { try #require(Int(answer.fields["Age"] ?? "")) }

        var processes: [Int32] = []
        defer {
            for id in processes {
                for name in ["faketime_shm_\(id)", "sem.faketime_sem_\(id)"] {
                    try? FileManager.default.removeItem(atPath: "/dev/shm/" + name)
                }
            }
        }

        try set("+0d")
        var larder = try Self.serve(upstream, folder, environment)
        processes.append(larder.child.id)
        let first = try larder.get("/models")
        #expect(first.status == 200 && first.text.contains("number-1"))
        try set(shift)
        try eventually("the wall clock is another") {
            let date = try larder.get("/healthz").fields["Date"] ?? ""
            return date != "" && abs(Self.seconds(date) - Date().timeIntervalSince1970) > 80_000
        }
        // Its time is over when it would have been anyway, and then it is fetched.
        let answer = try larder.get("/models")
        #expect(try answer.status == 200 && age(answer) < 600)
        try eventually("it is fetched anew") { try larder.get("/models").text.contains("number-2") }
        #expect(fetched.current < 10)
        upstream.setDown(true)
        try eventually("it is stale, and serves") {
            let answer = try larder.get("/models")
            #expect(try answer.status == 200 && age(answer) < 600)
            return !answer.isHit || answer.cacheStatus.contains("ttl=-")
        }
        // Once more, with nothing fetched behind it: what the clocks show is written down all the same.
        try set(shift == "+1d" ? "+2d" : "-2d")
        usleep(7_000_000)
        try larder.end()

        larder = try Self.serve(upstream, folder, environment)
        processes.append(larder.child.id)
        let kept = try larder.get("/models")
        #expect(kept.status == 200 && kept.text.contains("number-"))
        #expect((6..<600).contains(try age(kept)))
        try larder.end()
    }

    /// A date of HTTP in Unix seconds.
    private static func seconds(_ date: String) -> Double {
        let form = DateFormatter()
        form.locale = Locale(identifier: "en_US_POSIX")
        form.timeZone = TimeZone(identifier: "UTC")
        form.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return form.date(from: date)?.timeIntervalSince1970 ?? 0
    }
}
