/// The connections of one loop that were accepted beyond `server.max_connections`: its *guests*. There are a few
/// reserved places, so that health checks and requests for Larder's own pages are answered when all others are in use.
///
/// The newest connection always gets in, as long as that is possible: when the reserve is nearly full, the guest that
/// came first has to go. It is pure: the stage of a guest is asked for through a closure.
public struct ReservedPlaces<Guest: Equatable> {
    /// How many guests a loop has at most.
    public static var capacity: Int { 16 }
    /// With more guests than this, the first has to go. A guest that was sent off takes a moment to leave.
    static var comfortable: Int { 12 }

    /// What a guest does.
    public enum Stage: Sendable {
        /// It waits for a place, has sent no request yet, or takes its answer slowly. It can be sent off.
        case open
        /// Its request is being answered, or has arrived and was not read yet. Either takes a limited time.
        case answering
        /// It was sent off, or has its answer, and its connection is about to be closed.
        case leaving
    }

    /// What to do after a guest came, or has begun to wait.
    public struct Action: Equatable {
        /// The guest that has to go; nil if there is room for all, or nobody can be sent off.
        public let sendOff: Guest?
        /// Whether its connection is closed at once, and no time is left to end it in an orderly way.
        public let isUrgent: Bool
        /// Whether no connection may be accepted until a guest has left.
        public let isFull: Bool

        /// An action.
        public init(sendOff: Guest? = nil, isUrgent: Bool = false, isFull: Bool = false) {
            self.sendOff = sendOff
            self.isUrgent = isUrgent
            self.isFull = isFull
        }
    }

    /// The guests in the order in which they came.
    public private(set) var guests: [Guest] = []

    /// No guests.
    public init() {}

    /// A guest has come.
    public mutating func came(_ guest: Guest, stage: (Guest) -> Stage) -> Action {
        guests.append(guest)
        return crowding(sparing: guest, stage: stage)
    }

    /// Whether a guest has to go. To be asked again when a guest's request was read and waits: many may have come at once,
    /// and none of them had been read by then.
    public func crowding(sparing newest: Guest? = nil, stage: (Guest) -> Stage) -> Action {
        let others = guests.filter { $0 != newest }
        let open = others.first { stage($0) == .open }
        if guests.count >= Self.capacity {
            let leaving = others.first { stage($0) == .leaving }
            return Action(sendOff: leaving ?? open, isUrgent: true, isFull: true)
        }
        let staying = guests.count { stage($0) != .leaving }
        return Action(sendOff: staying > Self.comfortable ? open : nil)
    }

    /// A guest has left, or has got a place. True if connections may be accepted again.
    public mutating func left(_ guest: Guest) -> Bool {
        guard let index = guests.firstIndex(of: guest) else { return false }
        let wasFull = guests.count >= Self.capacity
        guests.remove(at: index)
        return wasFull && guests.count < Self.capacity
    }
}
