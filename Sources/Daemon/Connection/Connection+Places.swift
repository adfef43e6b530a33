import EventLoop
import HTTPCore
import HTTPParsing
import Serving

/// Connections beyond `server.max_connections`.
extension Connection {
    /// Whether the request with this head may be answered now. Otherwise it waits, and its bytes stay unused.
    func mayProceed(_ head: Span<UInt8>) -> Bool {
        let target = head.extracting(parser.target)
        let parts = Target(target)
        let route = parts.map { Route(path: target.extracting($0.path)) }
        if shard.clients.admits(self, isOwn: route?.isOwnPage ?? false) { return true }
        // For the log, in case that it is not answered.
        readFields(head)
        request.note(Method(head.extracting(parser.method)))
        if let parts, let route { noteLabel(route, target.extracting(parts.path), head) }
        takeNewParser()
        machine.parked(at: now, limits)
        shard.clients.wait(self)
        return false
    }

    /// There is a place: the request is read again.
    func gotPlace() {
        if machine.gotPlace(at: now, limits) { goOn() }
    }

    /// Answers a request that waits, since there is no place for it.
    func refusePlace() {
        guard machine.gotNoPlace() else { return }
        shard.clients.refused(self)
        send(Self.noPlace, status: .none(.busy), isHead: request.method == .head)
    }

    /// Gives up the place in the reserve.
    func sendOff() {
        if place == .awaited { refusePlace() } else { stream.close() }
    }

    private static let noPlace = Problem(
        .serviceUnavailable, "all connections of this Larder are in use (server.max_connections)", detail: .busy,
        retryAfter: 5)

    /// What it does, as a guest in the reserve.
    var stage: ReservedPlaces<Connection>.Stage {
        switch machine.state {
        case .answering, .waiting, .gathering: .answering
        case .ending: .leaving
        // Closing it now would reset the connection, instead of refusing the request.
        case .idle, .reading: stream.hasUnreadInput ? .answering : .open
        case .parked, .passing, .flushing: .open
        }
    }

    /// Since when it has nothing to do; nil if it has.
    var idleSince: UInt64? { machine.idleSince(limits) }
}

extension Connection: Equatable {
    static func == (one: Connection, other: Connection) -> Bool { one === other }
}

extension Route {
    /// Whether the request is for Larder's own pages: health checks, metrics, and what is below `/_larder/`.
    fileprivate var isOwnPage: Bool {
        switch self {
        case .health, .readiness, .own, .export: true
        case .models, .count, .user, .model, .endpoints, .list, .data, .other: false
        }
    }
}
