import EventLoop
import Foundation
import Testing

/// A TLS server: `openssl s_server` with a certificate made for the occasion, by an authority made for it too.
final class TLSOrigin {
    /// The authority's certificate.
    var caFile: String { folder + "/ca.pem" }
    let url: String

    private let folder: String
    private let server = Process()
    private let input = Pipe()

    /// What the server answers.
    enum Answer {
        /// A whole page, in good order.
        case page
        /// What `send` says, until `kill()`.
        case byHand
    }

    /// Starts a server for the name or address, as a subject alternative name such as `IP:127.0.0.1`.
    init(_ answer: Answer, name: String = "IP:127.0.0.1", authority: String = "Larder Test Authority") throws {
        // A port that was free just now; nobody else is likely to be given it so soon.
        let socket = try ListeningSocket(.ipv4(0x7F00_0001, port: 0), reusePort: false)
        let address = "\(socket.address)"
        socket.close()
        url = "https://\(address)"
        folder = "/tmp/larder-tls-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout ca.key -out ca.pem -subj",
            "/O=Larder/CN=\(authority)")
        try openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout key.pem -out certificate.pem "
                + "-CA ca.pem -CAkey ca.key -addext subjectAltName=\(name) -addext basicConstraints=CA:false -subj",
            "/CN=Larder Test Server")
        let mode = answer == .page ? ["-www"] : ["-quiet"]
        configure(server, ["s_server", "-accept", address, "-cert", "certificate.pem", "-key", "key.pem"] + mode)
        server.standardInput = input
        try server.run()
        while !isListening(address) { usleep(10_000) }
    }

    /// Sends to whoever is or will be connected.
    func send(_ text: String) { input.fileHandleForWriting.write(Data(text.utf8)) }

    /// Ends the server's connections as the end of its process does: without TLS's own goodbye.
    func kill() { Glibc.kill(server.processIdentifier, SIGKILL) }

    func stop() {
        kill()
        server.waitUntilExit()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func openssl(_ options: String, _ last: String) throws {
        let process = Process()
        configure(process, options.split(separator: " ").map(String.init) + [last])
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
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
    guard let port = address.split(separator: ":").last.flatMap({ Int($0) }),
        let table = try? String(contentsOfFile: "/proc/net/tcp", encoding: .utf8)
    else { return false }
    return table.contains("0100007F:" + String(format: "%04X", port) + " 00000000:0000 0A")
}
