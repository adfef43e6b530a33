public import Bytes
internal import Threads

/// A queue of bytes from many threads to one thread that may block for long. The writers never wait.
///
/// The room is bounded. Bytes that do not fit are dropped and counted; no thread waits for room. The lock is held for
/// no longer than it takes to copy or to swap.
public final class ByteQueue: Sendable {
    private struct State: ~Copyable {
        var waiting: ByteBuilder
        var lost = 0
        /// Those of the lost ones that the reading thread does not know of yet.
        var unreported = 0
        var isWriting = false
        var isClosed = false
    }

    private let limit: Int
    private let state: Mutex<State>

    /// A queue for this many bytes, not counting those already taken.
    public init(limit: Int) {
        self.limit = limit
        state = Mutex(State(waiting: ByteBuilder(capacity: min(limit, 64 << 10))))
    }

    /// Adds bytes that hold this many items. If there is no room, or after `close`, drops them and returns `false`.
    /// More important bytes may use this much room beyond the limit.
    @discardableResult
    public func append(_ bytes: Span<UInt8>, items: Int = 1, beyond: Int = 0) -> Bool {
        state.change { state in
            guard !state.isClosed, state.waiting.count + bytes.count <= limit + beyond else {
                state.lost += items
                state.unreported += items
                return false
            }
            state.waiting.append(bytes)
            return true
        }
    }

    /// How many items were dropped in all.
    public var dropped: Int { state.withLock { $0.lost } }

    /// For the one reading thread: waits until there are bytes, and replaces the content of `bytes` with them. Returns
    /// the number of items dropped since the last call; nil after `close`, when nothing is left.
    public func take(_ bytes: inout ByteBuilder) -> Int? {
        bytes.removeAll()
        state.change { $0.isWriting = false }
        // The outer optional says that the wait is over.
        let unreported = state.wait { state -> Int?? in
            guard !state.waiting.isEmpty else { return state.isClosed ? .some(nil) : nil }
            swap(&state.waiting, &bytes)
            state.isWriting = true
            defer { state.unreported = 0 }
            return state.unreported
        }
        return unreported ?? nil
    }

    /// Waits until all bytes have been taken and processed, for this many milliseconds at most. Returns whether they
    /// have been.
    @discardableResult
    public func waitUntilDone(milliseconds: Int) -> Bool {
        state.wait(until: .after(.milliseconds(max(0, milliseconds)))) { state in
            state.waiting.isEmpty && !state.isWriting ? true : nil
        } ?? false
    }

    /// Accepts no more bytes. Earlier ones can still be taken.
    public func close() { state.change { $0.isClosed = true } }
}
