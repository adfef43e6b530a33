import Foundation
import Glibc

/// A TLS server: `openssl s_server` with a certificate made for the occasion, by an authority made for it too.
public final class TLSOrigin {
    /// The file of the authority's certificate.
    public var caFile: String { folder + "/ca.pem" }

    /// The base URL, such as `https://127.0.0.1:34567`.
    public let url: String

    /// Its port of 127.0.0.1.
    public let port: UInt16

    private let folder: String
    /// It has the port and does not listen, so that the system gives it to nobody else.
    private let reservation: TestSocket
    private let server = Process()
    private let input = Foundation.Pipe()

    /// What the server answers.
    public enum Answer {
        /// A whole page, in good order.
        case page
        /// What `send` says, until `kill()`.
        case byHand
        /// What stands under a path such as `api/v1/models`: a whole response, head and all. Each connection has one.
        case files([String: String])
    }

    /// Starts a server for the name or address, as a subject alternative name such as `IP:127.0.0.1`. Its certificate is
    /// valid for so many days; with a negative number it has expired.
    public init(
        _ answer: Answer, name: String = "IP:127.0.0.1", authority: String = "Larder Test Authority", days: Int = 90
    ) throws {
        (reservation, port) = try TestSocket.bound()
        let address = "127.0.0.1:\(port)"
        url = "https://\(address)"
        folder = "/tmp/larder-tls-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -keyout ca.key -out ca.pem -subj",
            "/O=Larder/CN=\(authority)")
        try openssl(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out request.pem -subj",
            "/CN=Larder Test Server")
        try Data("subjectAltName=\(name)\nbasicConstraints=CA:false\n".utf8).write(
            to: URL(fileURLWithPath: folder + "/extensions"))
        try openssl(
            "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days \(days) -extfile extensions -out",
            "certificate.pem")
        let mode: [String]
        switch answer {
        case .page: mode = ["-www"]
        case .byHand: mode = ["-quiet"]
        case .files(let files):
            mode = ["-HTTP"]
            for (path, response) in files {
                let file = URL(fileURLWithPath: folder + "/" + path)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(response.utf8).write(to: file)
            }
        }
        configure(server, ["s_server", "-accept", address, "-cert", "certificate.pem", "-key", "key.pem"] + mode)
        server.standardInput = input
        try Data().write(to: URL(fileURLWithPath: folder + "/received"))
        if case .byHand = answer { server.standardOutput = FileHandle(forWritingAtPath: folder + "/received") }
        try server.run()
        while !isListening(address) {
            guard server.isRunning else { throw SocketError("start openssl s_server", 0) }
            usleep(10_000)
        }
    }

    /// Sends to every connection, also to later ones.
    public func send(_ text: String) { input.fileHandleForWriting.write(Data(text.utf8)) }

    /// What a server by hand was sent, heads and all.
    public var received: [UInt8] { Array(FileManager.default.contents(atPath: folder + "/received") ?? Data()) }

    /// How many bytes that are.
    public var receivedCount: Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: folder + "/received")
        return (attributes?[.size] as? NSNumber)?.intValue ?? 0
    }

    /// Has the server stand still, or go on.
    public func hold(_ isHeld: Bool) { Glibc.kill(server.processIdentifier, isHeld ? SIGSTOP : SIGCONT) }

    /// Ends the server's connections as the end of its process does: without TLS's own goodbye.
    public func kill() { Glibc.kill(server.processIdentifier, SIGKILL) }

    /// Waits until the process that `kill()` ends is gone, and its connections with it.
    public func waitForEnd() { server.waitUntilExit() }

    /// Ends the server and removes its files.
    public func stop() {
        kill()
        server.waitUntilExit()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func openssl(_ options: String, _ last: String) throws {
        let process = Process()
        configure(process, options.split(separator: " ").map(String.init) + [last])
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw SocketError("make a certificate", process.terminationStatus) }
    }

    private func configure(_ process: Process, _ arguments: [String]) {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
    }
}

/// Whether somebody listens, asked of the kernel's table: a connection that is tried would be the server's first.
private func isListening(_ address: String) -> Bool {
    guard let port = address.split(separator: ":").last.flatMap({ Int($0) }) else { return false }
    return wholeText(ofFile: "/proc/net/tcp").contains("0100007F:" + String(format: "%04X", port) + " 00000000:0000 0A")
}
