internal import CUV
internal import Threads

/// Passes messages from other threads to a loop: any thread can send, and the loop's thread receives them in order.
public final class Mailbox<Message: Sendable>: Sendable {
    private let box: Letterbox<Message>

    /// A mailbox on a loop, made on that loop's thread (or before it runs). It keeps the loop open until it is closed.
    public init(on loop: Loop, receive: @escaping (Message) -> Void) {
        let box = Letterbox<Message>()
        self.box = box
        let bell = Bell(on: loop) { bell in
            for message in box.takeAll() {
                if bell.isClosed { return }
                receive(message)
            }
        }
        box.open(bell)
    }

    /// Sends a message, from any thread. After `close()` the message is dropped, and the result is `false`.
    @discardableResult
    public func send(_ message: Message) -> Bool { box.put(message) }

    /// Stops receiving, and drops pending messages. On the loop's thread; further calls do nothing.
    public func close() { box.close() }
}

/// The pending messages, and the bell while it may be rung.
///
/// The bell is rung and removed under the lock, so no thread can ring it once it is closing.
private final class Letterbox<Message: Sendable>: Sendable {
    private struct State {
        var messages: [Message] = []
        var bell: Bell?
    }

    private let state = Mutex(State())

    func open(_ bell: Bell) { state.withLock { $0.bell = bell } }

    func put(_ message: Message) -> Bool {
        state.withLock { state in
            guard let bell = state.bell else { return false }
            state.messages.append(message)
            if state.messages.count == 1 { bell.ring() }
            return true
        }
    }

    func takeAll() -> [Message] {
        state.withLock { state in
            let all = state.messages
            state.messages = []
            return all
        }
    }

    func close() {
        let bell = state.withLock { state in
            let bell = state.bell
            state = State()
            return bell
        }
        bell?.close()
    }
}

/// A `uv_async_t`, which can be rung from any thread; several rings before it is heard count as one.
///
/// Other threads call only `ring`: the rest belongs to the loop's thread.
@safe private final class Bell {
    private let raw: UnsafeMutablePointer<uv_async_t>
    private let loop: Loop
    private var heard: ((Bell) -> Void)?
    private(set) var isClosed = false

    init(on loop: Loop, _ heard: @escaping (Bell) -> Void) {
        self.loop = loop
        self.heard = heard
        unsafe raw = .allocate(capacity: 1)
        let code = unsafe uv_async_init(loop.raw, raw, bellRung)
        precondition(code == 0, "no mailbox: \(UVError(rawValue: code))")
        // libuv owns this reference until `bellClosed`.
        unsafe raw.pointee.data = Unmanaged.passRetained(self).toOpaque()
        loop.openHandles += 1
    }

    deinit { unsafe raw.deallocate() }

    func ring() { unsafe uv_async_send(raw) }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        unsafe uv_close(UnsafeMutableRawPointer(raw).assumingMemoryBound(to: uv_handle_t.self), bellClosed)
    }

    fileprivate func rung() { heard?(self) }

    fileprivate func closed() {
        heard = nil
        loop.openHandles -= 1
    }
}

// MARK: C callbacks

private func bellRung(_ handle: UnsafeMutablePointer<uv_async_t>?) {
    unsafe Unmanaged<Bell>.fromOpaque(handle!.pointee.data).takeUnretainedValue().rung()
}

private func bellClosed(_ handle: UnsafeMutablePointer<uv_handle_t>?) {
    unsafe Unmanaged<Bell>.fromOpaque(handle!.pointee.data).takeRetainedValue().closed()
}
