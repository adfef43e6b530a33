import HTTPClient
import Serving

/// A request that is passed through, as the client, Larder and upstream see it.
final class SimulatedPassing {
    /// What upstream's socket gives, in its order.
    enum Piece {
        case interim
        case head
        case body(Int)
        /// The end of a body whose framing says so.
        case end
        /// The connection ends.
        case closed
        case reset
    }

    let client: SimulatedClient
    let pass: Week.Pass

    // Larder's side.
    var relay: RelayStateMachine
    var exchange = ExchangeStateMachine()
    var isConnected = false
    var waiting = 0
    var hasWholeBody: Bool
    var hasSentBody = false
    var incoming = 0
    var lastMoved: UInt64

    // Upstream's side.
    var socket: [Piece] = []
    var connections = 0
    var sent = 0
    var isWhole = false

    // The client's side: how the end of the body is marked, and what came.
    var framing: RelayStateMachine.Framing?
    var got = 0
    var hasLastChunk = false

    init(_ pass: Week.Pass, client: SimulatedClient, at now: UInt64) {
        self.pass = pass
        self.client = client
        lastMoved = now
        hasWholeBody = pass.body.isEmpty
        relay = RelayStateMachine(
            isHead: false, isVersion11: !pass.isOld, hasBody: !pass.body.isEmpty, invalidates: pass.invalidates)
    }

    /// The size of upstream's body.
    var length: Int { pass.parts.reduce(0, +) }

    /// Whether the request may be sent a second time.
    var isRepeatable: Bool { pass.isIdempotent && !hasSentBody }

    /// Whether what the client has looks complete to it. `endsCleanly`: its connection has ended in an orderly way.
    func looksWhole(endsCleanly: Bool) -> Bool {
        switch framing {
        case nil: false
        case .some(.none): true
        case .length: got == length
        case .chunked: hasLastChunk
        case .close: endsCleanly
        }
    }
}
