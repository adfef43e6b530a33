import Foundation
import Glibc

/// A real `redis-server` on 127.0.0.1 and on a unix socket, with a folder of its own that goes with it. With
/// LARDER_TEST_ENGINE=valkey it is a `valkey-server`.
public final class EngineServer: Sendable {
    /// How it is started.
    public struct Options: Sendable {
        /// Further arguments, such as `["--requirepass", "secret"]`.
        public var arguments: [String] = []
        /// The name in its certificate, such as `IP:127.0.0.1`; nil: no TLS.
        public var tlsName: String?
        /// Whether it is a Sentinel that watches the engine with this port, under the name `mymaster`.
        public var watches: UInt16?
        /// The engine that it is a replica of.
        public var master: UInt16?
        /// Whether it is a node of a cluster.
        public var isOfCluster = false

        /// A plain engine.
        public init() {}
    }

    /// The port of 127.0.0.1, with TLS if `tlsName` says so.
    public let port: UInt16
    /// The folder of its socket, certificates and settings.
    public let folder: String
    /// The program that sends commands.
    public static let client = "/usr/bin/\(kind)-cli"
    private static let kind = ProcessInfo.processInfo.environment["LARDER_TEST_ENGINE"] ?? "redis"
    private let options: Options
    /// Sockets that have its ports and do not listen, so that the system gives them to nobody else, also while it does
    /// not run.
    private let reservations: [TestSocket]
    private let process = Monitor<ChildProcess?>(nil)

    /// The path of the unix socket.
    public var socket: String { folder + "/engine.sock" }
    /// The authority of its certificate.
    public var caFile: String { folder + "/ca.pem" }

    /// Starts it, and waits until it accepts connections.
    public init(_ options: Options = Options()) throws {
        self.options = options
        (port, reservations) = try Self.reserve(isOfCluster: options.isOfCluster)
        folder = "/tmp/larder-engine-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if let name = options.tlsName { try makeCertificates(name) }
        if let watched = options.watches {
            let text = """
                sentinel monitor mymaster 127.0.0.1 \(watched) 1
                sentinel down-after-milliseconds mymaster 2000
                sentinel failover-timeout mymaster 1000

                """
            try text.write(toFile: folder + "/sentinel.conf", atomically: true, encoding: .utf8)
        }
        try start()
    }

    deinit {
        process.withValue { $0?.signal(SIGKILL) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func reserve(isOfCluster: Bool) throws -> (port: UInt16, sockets: [TestSocket]) {
        while true {
            let (socket, port) = try TestSocket.bound()
            if !isOfCluster { return (port, [socket]) }
            // A cluster's nodes also listen 10,000 ports above.
            if port <= 55_535, let above = try? TestSocket.bound(to: port + 10_000) {
                return (port, [socket, above.socket])
            }
        }
    }

    /// Starts it again, empty, after `kill()`.
    public func start() throws {
        var arguments = ["--bind", "127.0.0.1", "--dir", folder]
        if options.watches != nil {
            arguments = [folder + "/sentinel.conf", "--sentinel"] + arguments
        } else {
            arguments += [
                "--save", "", "--appendonly", "no", "--unixsocket", socket, "--repl-diskless-sync-delay", "0",
            ]
        }
        if options.tlsName == nil {
            arguments += ["--port", "\(port)"]
        } else {
            arguments += [
                "--port", "0", "--tls-port", "\(port)", "--tls-cert-file", folder + "/certificate.pem",
                "--tls-key-file", folder + "/certificate.key", "--tls-ca-cert-file", caFile, "--tls-auth-clients", "no",
            ]
        }
        if options.isOfCluster { arguments += ["--cluster-enabled", "yes", "--cluster-node-timeout", "60000"] }
        if let master = options.master { arguments += ["--replicaof", "127.0.0.1", "\(master)"] }
        let child = try ChildProcess("/usr/bin/\(Self.kind)-server", arguments + options.arguments)
        process.withValue { $0 = child }
        let probe = port
        try eventually("the engine's port \(probe)") {
            guard child.ending == nil else { throw SocketError("start \(Self.kind)-server", 0) }
            guard let connection = try? TestSocket.connect(port: probe) else { return false }
            connection.close()
            // It opens this one after the port. A Sentinel has none.
            guard options.watches == nil else { return true }
            guard let connection = try? TestSocket.connect(path: socket) else { return false }
            connection.close()
            return true
        }
    }

    /// Has it stand still, or go on.
    public func hold(_ isHeld: Bool) { process.withValue { $0?.signal(isHeld ? SIGSTOP : SIGCONT) } }

    /// Kills it, and waits until it is gone.
    public func kill() throws {
        let child = process.withValue { $0 }
        child?.signal(SIGKILL)
        try child?.waitForExit()
    }

    /// Runs the engine's client with these words on the unix socket, with `options` before them: its output.
    @discardableResult
    public func command(_ words: String..., options: [String] = []) throws -> String {
        try ChildProcess.run(Self.client, ["-s", socket] + options + words).output
    }

    /// Makes the user of docs/fleet.md, with this password and the rights that the page gives, or with other ones.
    public func makeDocumentedUser(
        password: String, changing change: (inout [String]) -> Void = { _ in }
    ) throws {
        var words = try DocumentedRights.words(password: password)
        change(&words)
        let made = try ChildProcess.run(Self.client, ["-s", socket, "ACL", "SETUSER"] + words).output
        guard made.hasPrefix("OK") else { throw SocketError("make the documented user: \(made)", 0) }
    }

    /// Runs the engine's client on the port, as for a Sentinel.
    public func commandByPort(_ words: String...) throws -> String {
        try ChildProcess.run(Self.client, ["-p", "\(port)"] + words).output
    }

    /// Sends a command with arguments of any bytes on the unix socket, and returns a bulk string that it answers with; else
    /// nil.
    @discardableResult
    public func bytes(_ arguments: [[UInt8]]) throws -> [UInt8]? {
        let client = try RawClient(path: socket)
        defer { client.close() }
        var request = Array("*\(arguments.count)\r\n".utf8)
        for argument in arguments { request += Array("$\(argument.count)\r\n".utf8) + argument + [13, 10] }
        try client.send(request)
        var reply: [UInt8] = []
        while true {
            reply += try client.readSome()
            guard let end = reply.firstIndex(of: 10) else { continue }
            guard reply[0] == UInt8(ascii: "$") else { return nil }
            guard let count = Int(String(decoding: reply[1..<(end - 1)], as: UTF8.self)), count >= 0 else { return nil }
            if reply.count >= end + 1 + count { return Array(reply[(end + 1)..<(end + 1 + count)]) }
        }
    }

    /// The value of a key, byte for byte.
    public func value(_ key: String) throws -> [UInt8]? { try bytes([Array("GET".utf8), Array(key.utf8)]) }

    /// Sets a key to these bytes for a minute.
    public func setValue(_ key: String, _ value: [UInt8]) throws {
        try bytes([Array("SET".utf8), Array(key.utf8), value, Array("PX".utf8), Array("60000".utf8)])
    }

    /// Has it show another certificate, for this name and of the same authority, to those who connect from now on.
    public func showCertificate(for name: String) throws {
        try makeCertificate(name, "shown")
        try command("CONFIG", "SET", "tls-cert-file", folder + "/shown.pem", "tls-key-file", folder + "/shown.key")
    }

    /// Ends all connections but the one that asks for it.
    public func endConnections(options: [String] = []) throws {
        for kind in ["normal", "pubsub"] { try command("CLIENT", "KILL", "TYPE", kind, options: options) }
    }

    /// Makes a folder in its own.
    public func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
    }

    private func makeCertificates(_ name: String) throws {
        try openssl("req -x509 \(Self.key) -keyout ca.key -out ca.pem -subj '/O=Larder/CN=Engine Test Authority'")
        try makeCertificate(name, "certificate")
    }

    private static let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"

    private func makeCertificate(_ name: String, _ file: String) throws {
        try openssl(
            "req -x509 \(Self.key) -keyout \(file).key -out \(file).pem -CA ca.pem -CAkey ca.key "
                + "-addext subjectAltName=\(name) -addext basicConstraints=CA:false -subj '/CN=Engine'")
    }

    private func openssl(_ words: String) throws {
        guard try ChildProcess.run("/bin/sh", ["-c", "cd \(folder) && openssl \(words)"]).ending == .exited(0) else {
            throw SocketError("make a certificate", 0)
        }
    }
}
