/// Lets through one line a second of each kind, and counts what it holds back. Time is an argument, in milliseconds.
///
/// The number of kinds that are remembered is bounded; where there are more, the lines of all others count as one kind.
public struct RepeatGate: Sendable {
    /// What is done with a line.
    public enum Verdict: Sendable, Equatable {
        /// It is written; so many of its kind were held back since the last one.
        case write(heldBack: Int)
        /// It is held back.
        case hold
    }

    private struct Kind {
        var openAt: UInt64
        var heldBack = 0
    }

    /// The time between two lines of a kind.
    public static let interval: UInt64 = 1000
    static let mostKinds = 64

    private var kinds: [String: Kind] = [:]

    /// Everything gets through.
    public init() {}

    /// A line of this kind wants to be written.
    public mutating func admit(_ kind: String, now: UInt64) -> Verdict {
        if kinds[kind] == nil, kinds.count >= Self.mostKinds {
            kinds = kinds.filter { now < $0.value.openAt || $0.value.heldBack > 0 }
        }
        let name = kinds[kind] != nil || kinds.count < Self.mostKinds ? kind : ""
        guard let known = kinds[name], now < known.openAt else {
            let heldBack = kinds[name]?.heldBack ?? 0
            kinds[name] = Kind(openAt: now + Self.interval)
            return .write(heldBack: heldBack)
        }
        kinds[name]?.heldBack += 1
        return .hold
    }

    /// What was held back and has not been told of by a later line, now that its time is over.
    public mutating func due(now: UInt64) -> [(kind: String, heldBack: Int)] {
        var due: [(kind: String, heldBack: Int)] = []
        for (name, kind) in kinds where kind.heldBack > 0 && now >= kind.openAt + Self.interval {
            due.append((name, kind.heldBack))
            kinds[name] = nil
        }
        return due.sorted { $0.kind < $1.kind }
    }
}
