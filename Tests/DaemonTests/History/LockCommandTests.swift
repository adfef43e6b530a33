import Foundation
import Settings
import TestSupport
import Testing

/// `larder lock`, as a script in CI has it.
@Suite(.timeLimit(.minutes(300))) struct LockCommandTests {
    private static let models = [(id: "a/1", price: 1), (id: "a/2", price: 2), (id: "b/3", price: 3)]
    private static let dearer = [(id: "a/1", price: 1), (id: "a/2", price: 4)]

    /// An address at which nothing listens.
    private static let nowhere = "http://127.0.0.1:1"

    /// Runs a script with the binary as `$LARDER`, in a folder of its own. The address is that of no Larder unless the
    /// environment says otherwise.
    private func run(
        _ script: String, in folder: StateFolder, _ environment: [String: String]
    ) throws -> (ending: ChildProcess.Ending, output: String, error: String) {
        let work = folder.beside("work")
        try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
        let variables = LarderProcess.environment([
            "LARDER": LarderProcess.path, "LARDER_URL": Self.nowhere, "LARDER_STATE_DIR": folder.path,
        ]).merging(environment) { $1 }
        return try ChildProcess.run(
            "/bin/sh", ["-c", "set -eu; cd \"$0\"; " + script, work], environment: variables)
    }

    private static let check = """
        set +e
        "$LARDER" lock --check models.lock --fail-on removed,price=+10% >report.txt 2>place.txt
        code=$?
        "$LARDER" lock --check models.lock --markdown 2>/dev/null
        cat place.txt >&2
        exit $code
        """

    @Test(arguments: [["--limit", "1"], ["--offset", "1"], ["--max-price", "9", "--limit=2"]])
    func `a lock of a page is refused`(flags: [String]) throws {
        let upstream = try ChangingOrigin(Self.models)
        try LiveLarder.serving(before: upstream.origin) { larder throws in
            let result = try LarderProcess.run(
                ["lock"] + flags, environment: ["LARDER_URL": "http://127.0.0.1:\(larder.port)"])
            #expect(result.ending == .exited(64) && result.output.isEmpty, "\(result)")
            #expect(result.error.contains("a lock has every model that matches"), "\(result.error)")
        }
    }

    /// Where the catalogue is from.
    enum Place: CaseIterable { case running, stateDirectory, upstream }

    @Test(arguments: Place.allCases)
    func `a check in a script finds the catalogue of a running Larder, of the state directory, or of upstream`(
        place: Place
    ) throws {
        let upstream = try ChangingOrigin(Self.models)
        let folder = StateFolder()
        let url = upstream.origin.url + "/api/v1"
        func compare(_ environment: [String: String], _ word: String) throws {
            let environment = environment.merging(["LARDER_UPSTREAM_URL": url]) { $1 }
            let same = try run(
                "\"$LARDER\" lock models.lock --model a/2 --model a/1 && cp models.lock again.lock && " + Self.check,
                in: folder, environment)
            #expect(same.ending == .exited(0), "\(same.error)")
            #expect(same.output.contains("no differences in 2 models"))
            #expect(same.error.contains(word), "\(same.error)")
        }
        func differ(_ environment: [String: String]) throws {
            let environment = environment.merging(["LARDER_UPSTREAM_URL": url]) { $1 }
            let differs = try run(Self.check, in: folder, environment)
            #expect(differs.ending == .exited(1), "\(differs.error)")
            #expect(differs.output.contains("| a/2 | pricing.prompt | 0.002 | 0.004 | fails |"), "\(differs.output)")
        }
        switch place {
        case .running:
            try LiveLarder.serving(before: upstream.origin) { larder throws in
                let address = ["LARDER_URL": "http://127.0.0.1:\(larder.port)"]
                try compare(address, "127.0.0.1:\(larder.port)")
                upstream.publish(Self.dearer)
                try larder.refresh()
                try differ(address)
            }
        case .stateDirectory:
            let serve = { () throws in
                try LiveLarder.serving(before: upstream.origin, { folder.keep(&$0) }) { larder throws in
                    _ = try larder.refresh()
                }
            }
            try serve()
            let asked = upstream.origin.requests.count
            try compare([:], "the state directory")
            #expect(upstream.origin.requests.count == asked)
            upstream.publish(Self.dearer)
            try serve()
            try differ([:])
            #expect(upstream.origin.requests.count == asked + 1)
        case .upstream:
            try compare([:], url)
            upstream.publish(Self.dearer)
            try differ([:])
            #expect(!FileManager.default.fileExists(atPath: folder.path), "nothing is created")
        }
    }

    @Test func `what cannot be compared is exit code 2, with the reason`() throws {
        let folder = StateFolder()
        let nowhere = ["LARDER_UPSTREAM_URL": Self.nowhere]
        let lock = #"{"larder_lock": 1, "models": []}"#
        for (script, word) in [
            ("\"$LARDER\" lock --check none.lock", "none.lock cannot be read"),
            ("echo '{' > bad.lock; \"$LARDER\" lock --check bad.lock", "bad.lock: line"),
            ("echo '\(lock)' > x.lock; \"$LARDER\" lock --check x.lock", "no Larder answers there"),
            ("echo '\(lock)' > x.lock; \"$LARDER\" lock --check x.lock --fail-on nonsense", "--fail-on must be"),
        ] {
            let result = try run(script, in: folder, nowhere)
            #expect(result.ending == .exited(2) && result.error.contains(word), "\(script): \(result.error)")
            #expect(result.output.isEmpty)
        }
    }

    @Test func `a lock has the models of the filters, sorted, and the same each time`() throws {
        let upstream = try ChangingOrigin(Self.models.reversed())
        let folder = StateFolder()
        let environment = ["LARDER_UPSTREAM_URL": upstream.origin.url + "/api/v1"]
        let result = try run(
            """
            "$LARDER" lock --model-authors a > one.lock
            "$LARDER" lock two.lock --model-authors a
            cmp one.lock two.lock
            grep -o '"id":"[^"]*"' one.lock
            """, in: folder, environment)
        #expect(result.ending == .exited(0), "\(result.error)")
        #expect(result.output.split(separator: "\n") == ["\"id\":\"a/1\"", "\"id\":\"a/2\""])
        #expect(result.error.contains("locked 2 models"))
        let category = try run("\"$LARDER\" lock --category x", in: folder, environment)
        #expect(category.ending == .exited(1) && category.error.contains("only a running Larder"))
        let unknown = try run("\"$LARDER\" lock --model a/9", in: folder, environment)
        #expect(unknown.ending == .exited(1) && unknown.error.contains("no model a/9"))
        #expect(category.output.isEmpty && unknown.output.isEmpty)
    }

    @Test func `changes and the history of a model are shown, and followed over a restart`() throws {
        let upstream = try ChangingOrigin(Self.models)
        let folder = StateFolder()
        try FileManager.default.createDirectory(atPath: folder.beside("work"), withIntermediateDirectories: true)
        // A port may be somebody else's when the second process starts.
        let url = "unix:" + folder.beside("larder.sock")
        func serve() throws -> LarderProcess {
            try LarderProcess.serve([
                "--upstream", upstream.origin.url + "/api/v1", "--state-dir", folder.path, "--listen", "127.0.0.1:0",
                "--listen", url,
            ])
        }
        let first = try serve()
        let refresh: MessageFields = ["Cache-Control": "no-cache"]
        _ = try first.get("/models", refresh)
        upstream.publish(Self.dearer)
        _ = try first.get("/models", refresh)
        try eventually("changes") { try first.get("/_larder/changes").text.contains("a/2") }
        let shown = try LarderProcess.run(["changes", "--url", url, "--since", "1h"])
        #expect(shown.ending == .exited(0), "\(shown.error)")
        #expect(shown.output.contains("a/2: prompt price 0.002 -> 0.004"), "\(shown.output)")
        let json = try LarderProcess.run(["changes", "--url", url, "--kind", "price", "--json"])
        #expect(json.output.hasPrefix(#"{"cursor":"#) && json.output.split(separator: "\n").count == 1)
        let history = try LarderProcess.run(["history", "a/2", "--url", url])
        #expect(history.output.contains("$/M IN") && history.output.contains("4000.00"), "\(history.output)")
        let none = try LarderProcess.run(["history", "a/9", "--url", url])
        #expect(none.ending == .exited(1) && none.error.contains("no model"))

        let asked = { (path: String) in first.child.lines(.error).count { $0.contains("\"path\":\"/_larder/\(path)") } }
        // The log comes a moment later than the responses; these were the last ones so far.
        try eventually("the log") { asked("history") == 2 }
        let before = asked("changes")
        let follower = try ChildProcess(
            LarderProcess.path, ["changes", "--follow", "--json", "--url", url],
            environment: LarderProcess.environment())
        try eventually("it follows") { asked("changes") > before }
        try first.end()
        try follower.waitForLine(containing: "trying again")
        let second = try serve()
        upstream.publish(Self.models)
        _ = try second.get("/models", refresh)
        let line = try follower.waitForLine(containing: "\"kind\":\"price\"")
        #expect(line.contains("a/2"))
        follower.signal(SIGTERM)
        try follower.expectExit()
        try second.end()
    }
}
