import Bytes
import Foundation
import HTTPCore
import TestSupport
import Testing

/// `larder doctor`, as a shell sees it.
@Suite(.timeLimit(.minutes(300))) struct DoctorCommandTests {
    /// What it said, by the check's name, and how it ended.
    private struct Report {
        var lines: [String: (verdict: String, text: String)] = [:]
        let ending: ChildProcess.Ending
        let output: String

        func verdict(_ check: String) -> String { lines[check]?.verdict ?? "none" }
        func text(_ check: String) -> String { lines[check]?.text ?? "" }
    }

    /// Runs it before an upstream, with a free port and a state directory that is in order unless the environment says
    /// otherwise.
    private func doctor(
        upstream url: String, _ arguments: [String] = [], _ more: [String: String] = [:]
    ) throws -> Report {
        try inFolder { folder in
            let state = folder + "/state"
            try FileManager.default.createDirectory(
                atPath: state, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            let environment = [
                "LARDER_UPSTREAM_URL": url + "/api/v1", "LARDER_LISTEN": "127.0.0.1:0", "STATE_DIRECTORY": state,
            ].merging(more) { $1 }
            let result = try LarderProcess.run(["doctor"] + arguments, environment: environment)
            #expect(result.error.isEmpty, "\(result.error)")
            var report = Report(ending: result.ending, output: result.output)
            for line in result.output.split(separator: "\n") {
                let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true).map(String.init)
                try #require(words.count == 3 && ["ok", "warn", "fail", "skip"].contains(words[0]), "\(line)")
                report.lines[words[1]] = (words[0], words[2].trimmingCharacters(in: .whitespaces))
            }
            let failed = report.lines.values.contains { $0.verdict == "fail" }
            #expect(report.ending == .exited(failed ? 1 : 0))
            return report
        }
    }

    private func inFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
        let path = "/tmp/larder-doctor-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(path)
    }

    private static func date(_ seconds: Int = 0) -> String {
        var bytes = ByteBuilder()
        HTTPDate.append(Int64(CoarseClock.seconds) + Int64(seconds), to: &bytes)
        return bytes.span.text()
    }

    /// An upstream that counts, has a clock, and knows one key.
    private func upstream(clock: Int = 0) throws -> ScriptedOrigin {
        try ScriptedOrigin { request in
            let fields: MessageFields = ["Date": Self.date(clock)]
            switch request.path {
            case "/api/v1/models/count": return .json(#"{"data":{"count":437}}"#, fields)
            case "/api/v1/key" where request.fields["Authorization"] == "Bearer sk-good":
                return .json(#"{"data":{"label":"mine"}}"#, fields)
            default: return .json(#"{"error":{"code":401,"message":"No"}}"#, status: 401, fields)
            }
        }
    }

    @Test(arguments: ["no such user: User_2canary", "user_id=canary is blocked", "org_canary has no credits"])
    func `an error that names a user is not repeated`(message: String) throws {
        let origin = try ScriptedOrigin { _ in Replies.error(403, message) }
        let report = try doctor(upstream: origin.url)
        #expect(report.verdict("upstream") == "fail" && report.text("upstream").contains("answers 403"))
        #expect(!report.output.contains("canary"))
        let other = try ScriptedOrigin { _ in Replies.error(403, "not in your region") }
        #expect(try doctor(upstream: other.url).text("upstream").contains(": not in your region; "))
    }

    @Test func `all is well before an upstream that answers, but for TLS`() throws {
        let origin = try upstream()
        let report = try doctor(upstream: origin.url)
        #expect(report.ending == .exited(0), "\(report.output)")
        for check in ["settings", "listen", "state", "dns", "proxy", "upstream", "clock"] {
            #expect(report.verdict(check) == "ok", "\(report.output)")
        }
        #expect(report.verdict("tls") == "warn" && report.text("tls").contains("http"))
        #expect(report.text("upstream").contains("437 models") && report.text("upstream").contains(" ms"))
        #expect(origin.requests.allSatisfy { $0.fields["Authorization"] == nil })
    }

    @Test func `a clock that is wrong is a warning`() throws {
        let origin = try upstream(clock: 7200)
        let report = try doctor(upstream: origin.url)
        #expect(report.verdict("clock") == "warn" && report.text("clock").contains("behind upstream's"))
        #expect(report.ending == .exited(0))
    }

    @Test(arguments: [("sk-good", "ok"), ("sk-bad-canary", "fail")])
    func `a key is tried and never shown`(key: String, verdict: String) throws {
        let origin = try upstream()
        let report = try doctor(upstream: origin.url, ["--key-from-env"], ["OPENROUTER_API_KEY": key])
        #expect(report.verdict("key") == verdict)
        #expect(!report.output.contains(key))
        #expect(origin.requests.count { $0.fields["Authorization"] != nil } == 1)
    }

    @Test func `a key in the environment is left alone unless it is asked for`() throws {
        let origin = try upstream()
        let report = try doctor(upstream: origin.url, [], ["OPENROUTER_API_KEY": "sk-good"])
        #expect(report.verdict("key") == "none")
        #expect(origin.requests.allSatisfy { $0.fields["Authorization"] == nil })
    }

    @Test func `a dead port fails, and what depends on it is skipped`() throws {
        let (reservation, port) = try TestSocket.bound()
        defer { reservation.close() }
        let url = "http://127.0.0.1:\(port)"
        let report = try doctor(upstream: url, ["--key-from-env"], ["OPENROUTER_API_KEY": "sk-good"])
        #expect(report.verdict("upstream") == "fail" && report.text("upstream").contains("cannot be reached"))
        #expect(report.verdict("clock") == "skip" && report.verdict("key") == "skip")
        #expect(report.verdict("dns") == "ok")
    }

    @Test func `an address of version 6 is shown whole`() throws {
        let report = try doctor(upstream: "http://[::1]:1")
        #expect(report.verdict("dns") == "ok" && report.text("dns") == "::1 resolves to [::1]", "\(report.output)")
    }

    @Test func `a name without an address is told as such`() throws {
        let report = try doctor(upstream: "https://name.invalid")
        #expect(report.verdict("dns") == "fail" && report.text("dns").contains("name.invalid"))
        #expect(report.verdict("upstream") == "fail" && report.verdict("tls") == "skip")
    }

    @Test func `an answer that is none of upstream's fails`() throws {
        for reply in [OriginReply.status(404), .json("<html>login</html>"), .garbage(Array("hello".utf8))] {
            let origin = try ScriptedOrigin { _ in reply }
            let report = try doctor(upstream: origin.url)
            #expect(origin.requests.count == 1)
            #expect(report.verdict("upstream") == "fail", "\(report.output)")
        }
    }

    @Test func `a proxy is named with the variable that sets it, without its password`() throws {
        let origin = try upstream()
        let proxied = try doctor(
            upstream: "http://upstream.invalid", [], ["http_proxy": "http://u:hunter2@127.0.0.1:\(origin.port)"])
        #expect(proxied.text("proxy") == "http://***@127.0.0.1:\(origin.port) from http_proxy")
        #expect(proxied.verdict("dns") == "ok" && proxied.text("dns").hasPrefix("the proxy 127.0.0.1 "))
        #expect(!proxied.output.contains("hunter2"))
        let exempt = try doctor(
            upstream: origin.url, [], ["http_proxy": "http://127.0.0.1:1", "no_proxy": "127.0.0.1"])
        #expect(exempt.verdict("upstream") == "ok" && exempt.text("proxy").contains("no_proxy"))
        // As the program itself does not go there, neither does the doctor: both are curl.
        let capital = try doctor(upstream: origin.url, [], ["HTTP_PROXY": "http://127.0.0.1:1"])
        #expect(capital.verdict("upstream") == "ok" && capital.verdict("proxy") == "warn")
        #expect(capital.text("proxy").contains("set http_proxy"))
    }

    @Test(arguments: [
        ("http", "http_proxy", true), ("http", "HTTP_PROXY", false), ("http", "https_proxy", false),
        ("http", "ALL_PROXY", true), ("http", "all_proxy", true), ("https", "HTTPS_PROXY", true),
        ("https", "https_proxy", true), ("https", "http_proxy", false), ("https", "ALL_PROXY", true),
    ])
    func `what is said of a variable is what is done`(scheme: String, variable: String, isUsed: Bool) throws {
        let proxy = try ScriptedOrigin { _ in .status(403) }
        let own = "127.0.0.1:\(proxy.port)"
        let report = try doctor(upstream: "\(scheme)://upstream.invalid", [], [variable: "http://\(own)"])
        #expect(report.text("proxy").hasSuffix(" from \(variable)") == isUsed, "\(report.output)")
        #expect(proxy.requests.isEmpty != isUsed)
        let exempt = try doctor(
            upstream: "\(scheme)://upstream.invalid", [], [variable: "http://\(own)", "NO_PROXY": "invalid"])
        #expect(exempt.text("proxy").hasSuffix("none for this host (NO_PROXY)") == isUsed, "\(exempt.output)")
        #expect(proxy.requests.isEmpty != isUsed && proxy.requests.count <= 1)
    }

    @Test func `upstream.proxy goes over NO_PROXY, for fetches and for what is passed through`() throws {
        let proxy = try ScriptedOrigin { _ in .status(403) }
        let environment = ["LARDER_UPSTREAM_PROXY": "http://127.0.0.1:\(proxy.port)", "NO_PROXY": "*"]
        let report = try doctor(upstream: "http://upstream.invalid", [], environment)
        #expect(report.text("proxy").hasSuffix(" from upstream.proxy"))
        #expect(!proxy.requests.isEmpty)

        let before = proxy.requests.count
        let larder = try LarderProcess.serve(["--upstream", "http://upstream.invalid"], environment: environment)
        #expect(try larder.get("/key").status == 403)
        #expect(proxy.requests.count > before)
        try larder.end()
    }

    @Test(arguments: [
        ("127.0.0.0/8", true), ("127.0.0.1", true), ("10.0.0.0/8", false), ("0.0.0.0/0", false), ("1", false),
    ])
    func `an address is exempt as curl has it`(list: String, isExempt: Bool) throws {
        let origin = try upstream()
        let proxy = try ScriptedOrigin { _ in .status(403) }
        let report = try doctor(
            upstream: origin.url, [], ["http_proxy": "http://127.0.0.1:\(proxy.port)", "NO_PROXY": list])
        #expect(report.text("proxy").hasSuffix("none for this host (NO_PROXY)") == isExempt, "\(report.output)")
        #expect(proxy.requests.isEmpty == isExempt && origin.requests.isEmpty != isExempt)
    }

    @Test(arguments: [("Larder Test Authority", "ok"), ("Example Inspection CA", "warn")])
    func `a trusted chain is shown, and an interceptor is warned of`(authority: String, verdict: String) throws {
        let body = #"{"data":{"count":437}}"#
        let response =
            "HTTP/1.0 200 OK\r\nContent-Length: \(body.utf8.count)\r\nDate: \(Self.date())\r\n\r\n\(body)"
        let origin = try TLSOrigin(.files(["api/v1/models/count": response]), authority: authority)
        defer { origin.stop() }
        let trusting = try doctor(upstream: origin.url, [], ["LARDER_UPSTREAM_CA_FILE": origin.caFile])
        #expect(trusting.verdict("upstream") == "ok", "\(trusting.output)")
        #expect(trusting.verdict("tls") == verdict && trusting.text("tls").contains(authority))
        let other = try doctor(upstream: origin.url)
        #expect(other.verdict("tls") == "fail" && other.text("tls").contains(authority), "\(other.output)")
        #expect(other.verdict("upstream") == "fail")
    }

    @Test func `a port that is served by a Larder is fine, any other server's is not`() throws {
        let origin = try upstream()
        let larder = try LarderProcess.serve(["--demo"])
        let own = try doctor(upstream: origin.url, [], ["LARDER_LISTEN": "127.0.0.1:\(larder.port)"])
        #expect(own.verdict("listen") == "ok" && own.text("listen").contains("is served by"), "\(own.output)")
        try larder.end()
        let impostor = try ScriptedOrigin { _ in .json(#"{"version":"9.8.7","pid":42}"#) }
        let other = try doctor(upstream: origin.url, [], ["LARDER_LISTEN": "127.0.0.1:\(impostor.port)"])
        #expect(other.text("listen").hasSuffix("is served by Larder 9.8.7 (pid 42)"))
        let stranger = try upstream()
        let strange = try doctor(upstream: origin.url, [], ["LARDER_LISTEN": "127.0.0.1:\(stranger.port)"])
        #expect(strange.verdict("listen") == "fail" && strange.text("listen").contains("--listen"))
    }

    @Test func `a unix socket may be free, left from an earlier process, or served`() throws {
        let origin = try upstream()
        try inFolder { folder in
            let path = folder + "/larder.sock"
            let listen = ["LARDER_LISTEN": "unix:\(path)"]
            #expect(try doctor(upstream: origin.url, [], listen).text("listen").hasSuffix("is free"))
            let larder = try LarderProcess.serve(["--demo", "--listen", "unix:\(path)"])
            #expect(try doctor(upstream: origin.url, [], listen).text("listen").contains("is served by"))
            larder.child.signal(SIGKILL)
            try larder.child.waitForExit()
            #expect(try doctor(upstream: origin.url, [], listen).text("listen").contains("left from an earlier"))
            #expect(FileManager.default.fileExists(atPath: path))
            let nowhere = try doctor(upstream: origin.url, [], ["LARDER_LISTEN": "unix:\(folder)/no/larder.sock"])
            #expect(nowhere.verdict("listen") == "fail")
        }
    }

    @Test func `a unix socket's path with a file, or with a server that does not answer, fails`() throws {
        let origin = try upstream()
        try inFolder { folder in
            let path = folder + "/larder.sock"
            let listen = ["LARDER_LISTEN": "unix:\(path)"]
            try Data("keep".utf8).write(to: URL(fileURLWithPath: path))
            let file = try doctor(upstream: origin.url, [], listen)
            #expect(
                file.verdict("listen") == "fail" && file.text("listen").contains("is not a socket"), "\(file.output)")
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "keep")
            try FileManager.default.removeItem(atPath: path)
            // It accepts connections, by the kernel, and does nothing more.
            let larder = try LarderProcess.serve(["--demo", "--listen", "unix:\(path)"])
            larder.child.signal(SIGSTOP)
            defer { larder.child.signal(SIGKILL) }
            let silent = try doctor(upstream: origin.url, [], listen)
            #expect(silent.verdict("listen") == "fail", "\(silent.output)")
            #expect(silent.text("listen").contains("does not answer: stop it"), "\(silent.output)")
            #expect(FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func `the state directory is looked at, and left as it was`() throws {
        let origin = try upstream()
        try inFolder { folder in
            func state(_ path: String) throws -> Report {
                try doctor(upstream: origin.url, [], ["STATE_DIRECTORY": path])
            }
            let none = ["STATE_DIRECTORY": folder, "LARDER_STATE_ENABLED": "false"]
            #expect(try doctor(upstream: origin.url, [], none).verdict("state") == "skip")
            #expect(try state(folder + "/a/b").text("state").contains("can be created"))
            #expect(
                try !FileManager.default.fileExists(atPath: folder + "/a") && state(folder).verdict("state") == "warn")
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder)
            #expect(try state(folder).text("state").contains("mode 700, "))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
            try Data().write(to: URL(fileURLWithPath: folder + "/file"))
            #expect(try state(folder + "/file").verdict("state") == "fail")
            #expect(try state(folder + "/file/below").verdict("state") == "fail")
        }
    }

    @Test func `where the settings are not valid, nothing else is guessed at`() throws {
        let origin = try upstream()
        let report = try doctor(upstream: origin.url, [], ["LARDER_TTL_CATALOG": "soon"])
        #expect(report.verdict("settings") == "fail" && report.text("settings").contains("ttl.catalog"))
        #expect(report.verdict("upstream") == "skip" && origin.requests.isEmpty)
    }
}
