import Bytes
import EventLoop
import Glibc
import HTTPClient
import TestSupport
import Testing

typealias Outcome = Result<FetchedResponse, FetchFailure>

/// Settings for a server on this machine: no proxy, and limits that the slowest machine keeps. Tests of limits set their own.
func settings(_ change: (inout UpstreamSettings) -> Void = { _ in }) -> UpstreamSettings {
    var settings = UpstreamSettings(userAgent: "larder/test")
    settings.proxy = ""
    settings.timeout = 60_000
    settings.connectTimeout = 60_000
    change(&settings)
    return settings
}

/// Sets fetches up, runs the loop until nothing happens any more, and checks that closing leaves nothing behind.
func withClient(_ settings: UpstreamSettings = settings(), _ setUp: (UpstreamClient, Loop) throws -> Void) throws {
    ignoreBrokenPipes()
    let loop = Loop()
    let client = try UpstreamClient(on: loop, settings: settings)
    try setUp(client, loop)
    loop.run()
    #expect(client.fetchesUnderWay == 0)
    #expect(client.streamsUnderWay == 0)
    client.close()
    client.close()
    loop.run()
    #expect(loop.openHandles == 0)
    loop.close()
}

/// One fetch.
func fetch(
    _ url: String, fields: [(name: String, value: String)] = [], settings: UpstreamSettings = settings()
) throws -> Outcome {
    var outcomes: [Outcome] = []
    try withClient(settings) { client, _ in
        client.fetch(FetchRequest(url: url, fields: fields)) { outcomes.append($0) }
        #expect(outcomes.isEmpty)
    }
    #expect(outcomes.count == 1)
    return try #require(outcomes.first)
}

extension Outcome {
    var failure: FetchFailure? { if case .failure(let failure) = self { failure } else { nil } }
    var status: Int? { try? get().status }
    var text: String? {
        guard case .success(let response) = self else { return nil }
        return response.body.span.text()
    }
    /// The failure's short name, or the status.
    var name: String { failure?.name ?? status.map { "\($0)" } ?? "" }
}

func ok(_ body: String, _ fields: String = "") -> String {
    "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
}

/// A value that several threads change.
final class Shared<Value: Sendable>: Sendable {
    // Not Swift's `Mutex`, which the thread sanitizer does not understand: see `Monitor`.
    private let storage: Monitor<Value>

    init(_ value: Value) { storage = Monitor(value) }

    var value: Value { storage.current }
    func update(_ change: (inout Value) -> Void) { storage.withValue { change(&$0) } }
}

/// Leaves the core to others for a moment.
func pause() { usleep(1000) }

/// Calls `body` on the loop once something is so.
func when(_ isSo: @escaping () -> Bool, on loop: Loop, _ body: @escaping () -> Void) {
    var timer: LoopTimer?
    timer = LoopTimer(on: loop) {
        guard isSo() else { return }
        timer?.close()
        timer = nil
        body()
    }
    timer?.start(after: 1, repeating: 1)
}

/// Tries with longer and longer time limits, in milliseconds, until the failure is the expected one, and returns the
/// last: on a busy machine, a short limit may be over before the phase that it is meant for.
func failure(
    expecting expected: FetchFailure, _ attempt: (_ limit: Int) throws -> FetchFailure?
) rethrows -> FetchFailure? {
    var last: FetchFailure?
    for limit in [150, 1_000, 5_000, 20_000] where last != expected { last = try attempt(limit) }
    return last
}

/// The URL of a server that is not there, and what keeps its port from others.
func nobody() throws -> (url: String, reservation: TestSocket) {
    let (socket, port) = try TestSocket.bound()
    return ("http://127.0.0.1:\(port)", socket)
}

extension FetchFailure {
    /// A short name of the case.
    var name: String {
        switch self {
        case .unreachable: "unreachable"
        case .nameNotResolved: "name-not-resolved"
        case .timeout(let phase):
            switch phase {
            case .resolving, .connecting, .handshake: "connect-timeout"
            case .head, .body: "timeout"
            }
        case .tls: "tls"
        case .cut: "cut"
        case .tooLarge: "too-large"
        case .noRoom: "no-room"
        case .malformed: "malformed"
        case .tooManyRedirects: "too-many-redirects"
        case .redirectElsewhere: "redirect-elsewhere"
        case .cancelled: "cancelled"
        case .other: "other"
        }
    }
}
