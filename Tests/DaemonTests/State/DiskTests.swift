import Foundation
import Glibc
import TestSupport
import Testing

/// A disk that is full, or can only be read, for a while. `larder serve` runs in a name space of mounts of its own, so that a
/// small file system can be made for it alone.
@Suite(.timeLimit(.minutes(300))) struct DiskTests {
    /// Whether a process may have mounts of its own, which takes the superuser's rights.
    private static let mayMount: Bool = {
        let trial = try? ChildProcess.run(
            "/usr/bin/unshare", ["-m", "/bin/sh", "-c", "mount -t tmpfs none /tmp && nsenter -t $$ -m /bin/true"])
        return trial?.ending == .exited(0)
    }()

    /// A Larder whose state directory `mount` has made anything of, in whose name space further scripts can run.
    private struct MountedLarder {
        let larder: LarderProcess

        /// `mount` is a script in which `$STATE` is the directory.
        init(
            _ upstream: UpAndDown, _ folder: StateFolder, mount: String, environment more: [String: String] = [:]
        ) throws {
            try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
            let arguments = [
                "serve", "--listen", "127.0.0.1:0", "--upstream", upstream.origin.url + "/api/v1", "--state-dir",
                folder.path,
            ]
            let environment = LarderProcess.environment(
                [
                    "STATE": folder.path, "LARDER_UPSTREAM_WARM_UP": "false", "LARDER_TTL_CATALOG": "1ms",
                    "LARDER_STALE_WHILE_REVALIDATE": "0s",
                ].merging(more) { $1 })
            let child = try ChildProcess(
                "/usr/bin/unshare",
                ["-m", "/bin/sh", "-c", "\(mount) && exec \"$0\" \"$@\"", LarderProcess.path] + arguments,
                environment: environment)
            larder = try LarderProcess.started(child)
        }

        /// Runs a script in its name space.
        func run(_ script: String, _ folder: StateFolder) throws {
            let result = try ChildProcess.run(
                "/usr/bin/nsenter", ["-t", "\(larder.child.id)", "-m", "/bin/sh", "-c", script],
                environment: ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "STATE": folder.path])
            try #require(result.ending == .exited(0), "\(script): \(result.error)")
        }

        func count(_ text: String) -> Int { larder.child.lines(.error).count { $0.contains(text) } }
    }

    /// A catalogue of that number, of some 40 KiB that no compression makes smaller.
    private static func upstream(_ fetched: Monitor<Int>) throws -> UpAndDown {
        try UpAndDown { _ in
            let number = fetched.withValue {
                $0 += 1; return $0
            }
            return Replies.list((0..<600).map { "fetch-\(number)/row-\($0)-\(number &* 7919 &+ $0)" })
        }
    }

    @Test(.enabled(if: mayMount, "a name space of mounts can be made"))
    func `a purge that cannot be written says so, and is done when it can be`() throws {
        let (fetched, folder) = (Monitor(0), StateFolder())
        let upstream = try Self.upstream(fetched)
        let mounted = try MountedLarder(upstream, folder, mount: "mount -t tmpfs -o size=4m,mode=700 none $STATE")
        func purge() throws -> RawResponse {
            try RawClient(port: mounted.larder.port).request("POST", "/_larder/purge?all=1")
        }
        #expect(try mounted.larder.get("/models").status == 200)
        #expect(try purge().text == #"{"purged":1}"#)
        #expect(try mounted.larder.get("/models").status == 200)
        try mounted.run("mount -t tmpfs -o ro none $STATE", folder)
        let refused = try purge()
        #expect(refused.status == 503 && refused.text.contains("state directory cannot be written"), "\(refused.text)")
        #expect(try mounted.larder.get("/models", ["Cache-Control": "only-if-cached"]).status == 504)
        try mounted.run("umount $STATE", folder)
        #expect(try purge().status == 200)
        try mounted.run("cp -a $STATE $STATE/../kept", folder)
        mounted.larder.child.signal(SIGKILL)
        try mounted.larder.child.waitForExit()
        upstream.setDown(true)
        let larder = try LarderProcess.serve(
            ["--upstream", upstream.origin.url + "/api/v1", "--state-dir", folder.beside("kept")])
        #expect(try larder.get("/models").status >= 502)
        try larder.end()
    }

    @Test(.enabled(if: mayMount, "a name space of mounts can be made"))
    func `another replica's purge is confirmed once it is written`() throws {
        let engine = try EngineServer()
        let (fetched, folder) = (Monitor(0), StateFolder())
        let upstream = try Self.upstream(fetched)
        let fleet = [
            "LARDER_FLEET_URL": "redis://127.0.0.1:\(engine.port)",
            "LARDER_FLEET_SECRET_FILE": try SharingLarders.file(SharingLarders.secret, in: engine, "secret"),
            "LARDER_FLEET_TIMEOUT": "10s", "LARDER_FLEET_CONNECT_TIMEOUT": "10s",
        ]
        let mounted = try MountedLarder(
            upstream, folder, mount: "mount -t tmpfs -o size=4m,mode=700 none $STATE", environment: fleet)
        let other = try LarderProcess.serve(
            ["--upstream", upstream.origin.url + "/api/v1", "--no-state"], environment: fleet)
        func confirmations() throws -> String? {
            try RawClient(port: other.port).request("POST", "/_larder/purge?all=1").text
                .components(separatedBy: "\"replicas\":").last
        }
        try eventually("two replicas") { try confirmations() == #"{"confirmed":2,"of":2}}"# }
        #expect(try mounted.larder.get("/models").status == 200)
        try mounted.run("mount -t tmpfs -o ro none $STATE", folder)
        #expect(try confirmations() == #"{"confirmed":1,"of":2}}"#)
        try mounted.run("umount $STATE", folder)
        try eventually("both") { try confirmations() == #"{"confirmed":2,"of":2}}"# }
        try other.end()
        try mounted.larder.end()
    }

    private static let failing = "cannot write the state directory"
    private static let recovered = "the state directory can be written again"

    @Test(
        .enabled(if: mayMount, "a name space of mounts can be made"),
        arguments: ["full", "read-only", "full and empty"], [true, false])
    func `requests go on being answered, and what they got is kept when it can be again`(
        trouble: String, fromTheStart: Bool
    ) throws {
        let (fetched, folder) = (Monitor(0), StateFolder())
        let upstream = try Self.upstream(fetched)
        let (begin, end) =
            switch (trouble, fromTheStart) {
            case ("full", _), ("full and empty", _):
                ("head -c 8m /dev/zero > $STATE/ballast 2>/dev/null; true", "rm $STATE/ballast")
            case (_, true): ("mount -o remount,ro $STATE", "mount -o remount,rw $STATE")
            // What is open for writing cannot be made read-only, but covered by something that is.
            case (_, false): ("mount -t tmpfs -o ro none $STATE", "umount $STATE")
            }
        var mount = "mount -t tmpfs -o size=1m,mode=700 none $STATE"
        // Where it is empty, the secret of the installation is still to be written.
        if trouble != "full and empty" {
            mount += " && head -c 32 /dev/zero > $STATE/secret && chmod 600 $STATE/secret"
        }
        if fromTheStart { mount += " && { \(begin); }" }
        let mounted = try MountedLarder(upstream, folder, mount: mount)
        if !fromTheStart {
            #expect(try mounted.larder.get("/models").status == 200)
            #expect(mounted.count(Self.failing) == 0)
            usleep(300_000)
            try mounted.run(begin, folder)
        }
        for _ in 0..<4 {
            let answer = try mounted.larder.get("/models", ["Cache-Control": "no-cache"])
            #expect(answer.status == 200 && answer.text.contains("fetch-\(fetched.current)/"))
            usleep(50_000)
        }
        try mounted.larder.child.waitForLine(containing: Self.failing)
        #expect(mounted.count(Self.recovered) == 0)
        try mounted.run(end, folder)
        try mounted.larder.child.waitForLine(containing: Self.recovered)
        #expect(mounted.count(Self.failing) == 1)
        let last = fetched.current
        // The small file system ends with its process.
        try mounted.run("cp -a $STATE $STATE/../kept", folder)
        mounted.larder.child.signal(SIGKILL)
        try mounted.larder.child.waitForExit()
        upstream.setDown(true)
        let larder = try LarderProcess.serve(
            ["--upstream", upstream.origin.url + "/api/v1", "--state-dir", folder.beside("kept")])
        let answer = try larder.get("/models")
        #expect(answer.status == 200 && answer.text.contains("fetch-\(last)/"))
        try larder.end()
    }
}
