import Bytes
import EventLoop
import HTTPCore
import History
import Persistence
import Serving

/// A client that follows the changes as server-sent events, until it leaves or Larder drains.
final class EventFollower {
    private unowned let connection: Connection
    private let history: HistoryTier
    private let isChunked: Bool
    private var machine: FollowStateMachine
    private var isOver = false
    /// The number of body bytes so far.
    private(set) var sentBytes = 0

    /// How long a reader waits before it connects again, in milliseconds.
    private static let retry = 3000

    /// A follower on a connection. A client of HTTP/1.0 knows no chunks: for it the stream ends with the connection.
    init(_ connection: Connection, _ history: HistoryTier, _ query: EventQuery, isVersion11: Bool) {
        self.connection = connection
        self.history = history
        isChunked = isVersion11
        machine = FollowStateMachine(query, now: connection.now)
    }

    /// Sends the head, and begins to read.
    func start() {
        var head = connection.shard.heads.take()
        head.begin(.ok)
        head.field("Content-Type", "text/event-stream")
        head.field("Cache-Control", "no-store")
        // nginx would collect events before it sends them.
        head.field("X-Accel-Buffering", "no")
        if isChunked { head.field("Transfer-Encoding", "chunked") }
        connection.appendDate(to: &head)
        connection.appendConnection(to: &head)
        head.end()
        var text = ByteBuilder()
        EventStream.append(retryAfter: Self.retry, to: &text)
        append(text.span, to: &head)
        write(head)
        read(machine.first)
    }

    /// Something was stored.
    func news() { perform(machine.news()) }

    /// Time has passed.
    func tick(now: UInt64) { perform(machine.tick(now: now)) }

    /// The client has taken all that was written.
    func drained() { perform(machine.drained()) }

    /// The connection is closed.
    func left() {
        isOver = true
        history.remove(self)
    }

    /// Larder drains: the stream ends in good order.
    func end() {
        guard !isOver else { return }
        left()
        guard isChunked else { return }
        var last = connection.shard.heads.take()
        last.removeAll()
        last.lastChunk()
        last.end()
        write(last)
    }

    private func perform(_ action: FollowStateMachine.Action) {
        guard !isOver else { return }
        switch action {
        case .none: break
        case .read(let query): read(query)
        case .keepAlive: send(.keepAlive)
        }
    }

    private func read(_ query: EventQuery) {
        let isKept = history.readPart(query) { [weak self] result in
            guard let self, !isOver else { return }
            received(result)
        }
        // The settings have changed: nothing is recorded any more.
        if !isKept { machine.received(nil) }
    }

    private func received(_ result: HistoryResult<EventPart>) {
        switch result {
        case .found(let part): received(part)
        case .none: received(EventPart(.none(after: machine.first)))
        case .unavailable, .damaged: machine.received(nil)
        }
    }

    private func received(_ part: EventPart) {
        machine.received(part.page)
        send(part.text)
    }

    private func send(_ text: EventText) {
        let isEmpty = text.bare.count == 0
        var isBlocked = false
        if !isEmpty {
            sentBytes += text.bare.count
            // Not as a body: one that is sent often is copied into pages, which is not worth it for so short a life.
            isBlocked = waits(connection.stream.write(isChunked ? text.chunk : text.bare, Span(), nil))
        }
        perform(machine.wrote(isBlocked: isBlocked, isEmpty: isEmpty, now: connection.now))
    }

    private func append(_ text: Span<UInt8>, to out: inout ResponseHeadWriter) {
        sentBytes += text.count
        if isChunked { out.chunk(text) } else { out.content(text) }
    }

    private func write(_ part: consuming ResponseHeadWriter) {
        _ = waits(connection.stream.write(nil, part.bytes, nil))
        connection.shard.heads.giveBack(part)
    }

    /// Whether some of what was written waits for the client.
    private func waits(_ outcome: WriteOutcome) -> Bool {
        guard outcome == .queued else { return false }
        connection.relayBlocked()
        return true
    }
}

extension EventPage {
    /// The page of a history that has not begun.
    fileprivate static func none(after query: EventQuery) -> EventPage { EventPager(query).page(last: 0) }
}
