import Testing

@testable import Serving

/// The connections beyond the limit. A number stands for each.
@Suite struct ReservedPlacesTests {
    private typealias Reserve = ReservedPlaces<Int>
    private static let comfortable = Reserve.comfortable
    private static let capacity = Reserve.capacity

    private static func reserve(of count: Int) -> Reserve {
        var reserve = Reserve()
        for number in 0..<count { _ = reserve.came(number) { _ in .answering } }
        return reserve
    }

    @Test func `the first guests have room`() {
        var reserve = Reserve()
        for number in 0..<Self.comfortable {
            #expect(reserve.came(number) { _ in .open } == Reserve.Action())
        }
        #expect(reserve.guests == Array(0..<Self.comfortable))
    }

    @Test func `then the one that came first has to go, unless it is being answered`() {
        var reserve = Self.reserve(of: Self.comfortable)
        #expect(reserve.came(100) { $0 < 2 ? .answering : .open } == Reserve.Action(sendOff: 2))
        // Those that are about to leave need no room.
        #expect(reserve.came(101) { $0 < 3 ? .leaving : .open } == Reserve.Action())
    }

    @Test func `guests that came at once are read first, and then the one that came first has to go`() {
        var reserve = Self.reserve(of: Self.comfortable)
        #expect(reserve.came(100) { _ in .answering } == Reserve.Action())
        #expect(reserve.crowding { $0 == 0 ? .open : .answering } == Reserve.Action(sendOff: 0))
        #expect(reserve.crowding { $0 == 100 ? .open : .answering } == Reserve.Action(sendOff: 100))
        #expect(reserve.crowding { $0 == 0 ? .leaving : .open } == Reserve.Action())
    }

    @Test func `the newest guest is never sent off, and none if all are being answered`() {
        var reserve = Self.reserve(of: Self.comfortable)
        #expect(reserve.came(100) { $0 == 100 ? .open : .answering } == Reserve.Action())
    }

    @Test func `at the last place accepting stops until a guest has left, and one that is leaving goes at once`() {
        var reserve = Self.reserve(of: Self.capacity - 1)
        let action = reserve.came(100) { $0 == 5 ? .leaving : .open }
        #expect(action == Reserve.Action(sendOff: 5, isUrgent: true, isFull: true))
        #expect(reserve.left(5) == true)
        #expect(!reserve.left(6) && !reserve.left(6))
        #expect(reserve.guests.count == Self.capacity - 2)
    }

    @Test func `at the last place somebody is cut off if nobody is leaving`() {
        var reserve = Self.reserve(of: Self.capacity - 1)
        let action = reserve.came(100) { $0 < 3 ? .answering : .open }
        #expect(action == Reserve.Action(sendOff: 3, isUrgent: true, isFull: true))
        reserve = Self.reserve(of: Self.capacity - 1)
        #expect(reserve.came(100) { _ in .answering } == Reserve.Action(isUrgent: true, isFull: true))
        #expect(reserve.left(0) == true)
    }
}
