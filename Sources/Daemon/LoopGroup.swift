import EventLoop
import Threads

/// The loops of a process, as the supervisor sees them.
struct LoopGroup {
    /// How many there are.
    let count: Int
    private var mailboxes: [Mailbox<ShardMessage>?]
    private var threads: [NamedThread] = []
    private var serving = 0
    /// The loops that drain and have no connection left.
    private var idle: Set<Int> = []
    private var ended = 0

    /// So many loops, none of which is up.
    init(count: Int) {
        self.count = count
        mailboxes = Array(repeating: nil, count: count)
    }

    /// Whether all loops accept connections.
    var allServe: Bool { serving == count }

    /// Whether all loops have ended.
    var allEnded: Bool { ended == count }

    /// A loop has a thread.
    mutating func add(_ thread: NamedThread) { threads.append(thread) }

    /// A loop is up. Returns the mailboxes of all, in order, if it was the last.
    mutating func up(_ index: Int, _ mailbox: Mailbox<ShardMessage>) -> [Mailbox<ShardMessage>]? {
        mailboxes[index] = mailbox
        let all = mailboxes.compactMap(\.self)
        return all.count == count ? all : nil
    }

    /// A loop accepts connections; whether it was the last.
    mutating func begun() -> Bool {
        serving += 1
        return allServe
    }

    /// The loop `index`, which drains, has no connection left; whether it was the last. A loop may say so again: first
    /// when another process takes over, and then when this one is asked to end.
    mutating func drained(_ index: Int) -> Bool {
        idle.insert(index).inserted && idle.count == count
    }

    /// A loop has ended.
    mutating func hasEnded() { ended += 1 }

    /// Sends a message to one loop, if it is up.
    func send(_ message: ShardMessage, to index: Int) { mailboxes[index]?.send(message) }

    /// Sends a message to all loops that are up.
    func broadcast(_ message: ShardMessage) {
        for mailbox in mailboxes { mailbox?.send(message) }
    }

    /// Waits for the threads to end.
    func join() {
        for thread in threads { thread.join() }
    }
}
