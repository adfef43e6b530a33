/// Lets one line of each kind through per second, and counts the lines that it holds back. Time is an argument, in
/// milliseconds.
///
/// The number of remembered kinds is bounded; beyond that, the lines of all other kinds count as one kind.
public struct RepeatGate: Sendable {
    /// What to do with a line.
    public enum Verdict: Sendable, Equatable {
        /// Write it; this many lines of its kind were held back since the last one.
        case write(heldBack: Int)
        /// Hold it back.
        case hold
    }

    private struct Kind {
        var openAt: UInt64
        var heldBack = 0
    }

    /// The interval between two lines of a kind.
    public static let interval: UInt64 = 1000
    static let mostKinds = 64

    private var kinds: [String: Kind] = [:]

    /// Lets every line through.
    public init() {}

    /// Decides about a line of this kind.
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

    /// The lines that were held back and not yet reported by a later line, once their interval is over.
    public mutating func due(now: UInt64) -> [(kind: String, heldBack: Int)] {
        var due: [(kind: String, heldBack: Int)] = []
        for (name, kind) in kinds where kind.heldBack > 0 && now >= kind.openAt + Self.interval {
            due.append((name, kind.heldBack))
            kinds[name] = nil
        }
        return due.sorted { $0.kind < $1.kind }
    }
}
