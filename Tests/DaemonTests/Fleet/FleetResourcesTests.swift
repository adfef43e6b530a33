import Fleet
import Serving
import Testing

@testable import Daemon

/// What a loop knows of the fleet's copies, event by event.
@Suite struct FleetResourcesTests {
    fileprivate static let (first, second) = (Identifier(high: 1, low: 1), Identifier(high: 2, low: 2))

    /// Knows the first.
    private final class Desk {
        private var resources = FleetResources()

        init() { note(FleetResourcesTests.first) }

        func note(_ id: Identifier) { resources.note(id, .catalog, nil) }
        func withdraw(_ id: Identifier) -> Bool { resources.withdraw(id) }
        func isWithdrawn(_ id: Identifier) -> Bool { resources.isWithdrawn(id) }
        func withdrawnElsewhere(_ id: Identifier) { resources.withdrawnElsewhere(id) }
        func isOutdated(_ id: Identifier) -> Bool { resources.isOutdated(id) }
        func happen(_ event: Event, _ id: Identifier) { event.happen(to: &resources, id) }
    }

    private enum Event: CaseIterable {
        case keep, stored, disconnected, hold

        func happen(to resources: inout FleetResources, _ id: Identifier) {
            switch self {
            case .keep: resources.keep(id)
            case .stored: resources.stored(id)
            case .disconnected: resources.disconnected()
            case .hold: resources.hold(id, [1], BodyDigest(id, id))
            }
        }
    }

    @Test func `a record is withdrawn once, and again after there may be one`() {
        for event in Event.allCases {
            let desk = Desk()
            #expect(desk.withdraw(Self.first) && !desk.withdraw(Self.first), "\(event)")
            #expect(desk.isWithdrawn(Self.first))
            if event != .disconnected {
                desk.happen(event, Self.second)
                #expect(!desk.withdraw(Self.first), "\(event) of another one")
            }
            desk.happen(event, Self.first)
            #expect(!desk.isWithdrawn(Self.first) && desk.withdraw(Self.first), "\(event)")
        }
    }

    @Test func `a copy on the disk of which nothing is known is outdated by a withdrawal, until there is a new one`() {
        let desk = Desk()
        #expect(!desk.isOutdated(Self.second))
        desk.withdrawnElsewhere(Self.second)
        #expect(desk.isOutdated(Self.second) && !desk.isOutdated(Self.first))
        desk.note(Self.second)
        desk.happen(.stored, Self.second)
        #expect(desk.isOutdated(Self.second), "another replica's copy is not the one on this disk")
        desk.happen(.keep, Self.second)
        #expect(!desk.isOutdated(Self.second))
    }

    @Test func `with too many withdrawals every copy that is on the disk is outdated`() {
        let desk = Desk()
        for number in 0..<UInt64(5_000) { desk.withdrawnElsewhere(Identifier(high: 3, low: number)) }
        #expect(desk.isOutdated(Self.second) && desk.isOutdated(Self.first))
    }
}
