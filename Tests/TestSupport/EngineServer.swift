import Foundation
import Glibc

/// A real `redis-server` on 127.0.0.1 and on a unix socket, with a folder of its own that goes with it.
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

        /// A plain engine.
        public init() {}
    }

    /// The port of 127.0.0.1, with TLS if `tlsName` says so.
    public let port: UInt16
    /// The folder of its socket, certificates and settings.
    public let folder: String
    private let options: Options
    private let process = Monitor<ChildProcess?>(nil)

    /// The path of the unix socket.
    public var socket: String { folder + "/engine.sock" }
    /// The authority of its certificate.
    public var caFile: String { folder + "/ca.pem" }

    /// Starts it, and waits until it accepts connections.
    public init(_ options: Options = Options()) throws {
        self.options = options
        // A port that was free just now; nobody else is likely to be given it so soon.
        let (socket, port) = try TestSocket.listen()
        socket.close()
        self.port = port
        folder = "/tmp/larder-engine-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if let name = options.tlsName { try makeCertificates(name) }
        if let watched = options.watches {
            let text = """
                sentinel monitor mymaster 127.0.0.1 \(watched) 1
                sentinel down-after-milliseconds mymaster 300
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
                "--tls-key-file", folder + "/key.pem", "--tls-ca-cert-file", caFile, "--tls-auth-clients", "no",
            ]
        }
        if let master = options.master { arguments += ["--replicaof", "127.0.0.1", "\(master)"] }
        let child = try ChildProcess("/usr/bin/redis-server", arguments + options.arguments)
        process.withValue { $0 = child }
        let probe = port
        try eventually("the engine's port \(probe)") {
            guard child.ending == nil else { throw SocketError("start redis-server", 0) }
            guard let connection = try? TestSocket.connect(port: probe) else { return false }
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

    /// Runs `redis-cli` with these words on the unix socket, with `options` before them: its output.
    @discardableResult
    public func command(_ words: String..., options: [String] = []) throws -> String {
        try ChildProcess.run("/usr/bin/redis-cli", ["-s", socket] + options + words).output
    }

    /// Makes the user of docs/fleet.md, with this password and the rights that the page gives, or with other ones.
    public func makeDocumentedUser(
        password: String, changing change: (inout [String]) -> Void = { _ in }
    ) throws {
        var words = try DocumentedRights.words(password: password)
        change(&words)
        let made = try ChildProcess.run("/usr/bin/redis-cli", ["-s", socket, "ACL", "SETUSER"] + words).output
        guard made.hasPrefix("OK") else { throw SocketError("make the documented user: \(made)", 0) }
    }

    /// Runs `redis-cli` on the port, as for a Sentinel.
    public func commandByPort(_ words: String...) throws -> String {
        try ChildProcess.run("/usr/bin/redis-cli", ["-p", "\(port)"] + words).output
    }

    /// Makes a folder in its own.
    public func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
    }

    private func makeCertificates(_ name: String) throws {
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
        let script = """
            cd \(folder) &&
            openssl req -x509 \(key) -keyout ca.key -out ca.pem -subj '/O=Larder/CN=Engine Test Authority' &&
            openssl req -x509 \(key) -keyout key.pem -out certificate.pem -CA ca.pem -CAkey ca.key \
            -addext subjectAltName=\(name) -addext basicConstraints=CA:false -subj '/CN=Engine'
            """
        guard try ChildProcess.run("/bin/sh", ["-c", script]).ending == .exited(0) else {
            throw SocketError("make a certificate", 0)
        }
    }
}
