import HTTPClient
import Testing

/// Which idle connections are used again, event by event.
@Suite struct IdlePoolTests {
    final class Fake: PooledConnection {
        let origin: HTTPClient.Origin
        let name: String
        init(_ name: String, host: String = "a") {
            self.name = name
            origin = HTTPClient.Origin(scheme: "http", host: host, port: "80")
        }
    }

    private typealias Pool = IdlePool<Fake>

    private static let origin = Fake("").origin

    private static func at(_ now: UInt64, suspended: UInt64 = 0) -> Pool.Moment {
        Pool.Moment(now: now, suspended: suspended)
    }

    /// The name of the connection that is taken, and of those that are to be closed.
    private static func take(_ pool: inout Pool, _ moment: Pool.Moment) -> (String?, closed: [String]) {
        var closed: [String] = []
        while true {
            switch pool.take(to: origin, at: moment) {
            case .use(let connection): return (connection.name, closed)
            case .close(let connection): closed.append(connection.name)
            case .none: return (nil, closed)
            }
        }
    }

    @Test func `the connection used last is taken first, and none to another origin`() {
        var pool = Pool()
        for fake in [Fake("1"), Fake("2"), Fake("3", host: "b")] {
            #expect(pool.add(fake, keepAlive: nil, at: Self.at(0)).isEmpty)
        }
        #expect(Self.take(&pool, Self.at(1)).0 == "2")
        #expect(Self.take(&pool, Self.at(1)).0 == "1")
        #expect(Self.take(&pool, Self.at(1)).0 == nil)
        #expect(pool.count == 1)
    }

    @Test(
        arguments: [
            // What the server says, in seconds; how long the connection was idle, in milliseconds; whether it is used again.
            (nil, 0, true), (nil, 118_000, true), (nil, 118_001, false), (5, 4_000, true), (5, 4_001, false),
            (2, 1_000, true),
            (2, 1_001, false), (3600, 118_000, true), (3600, 118_001, false), (118, 117_001, false),
            (1 << 31, 118_000, true),
        ] as [(Int?, UInt64, Bool)])
    func `a connection is used for as long as its server waits`(keepAlive: Int?, idle: UInt64, isUsed: Bool) {
        var pool = Pool()
        #expect(pool.add(Fake("1"), keepAlive: keepAlive, at: Self.at(1_000)).isEmpty)
        let (taken, closed) = Self.take(&pool, Self.at(1_000 + idle))
        #expect(taken == (isUsed ? "1" : nil))
        #expect(closed == (isUsed ? [] : ["1"]))
        #expect(pool.count == 0)
    }

    @Test(arguments: [-1, 0, 1]) func `a server that hardly waits is left at once`(keepAlive: Int) {
        var pool = Pool()
        #expect(pool.add(Fake("1"), keepAlive: keepAlive, at: Self.at(0)).map(\.name) == ["1"])
        #expect(pool.count == 0)
    }

    @Test(arguments: [(0, true), (999, true), (1_000, false), (3_600_000, false)] as [(UInt64, Bool)])
    func `a connection that was kept across a suspend is not used`(suspended: UInt64, isUsed: Bool) {
        var pool = Pool()
        _ = pool.add(Fake("1"), keepAlive: nil, at: Self.at(0, suspended: 7))
        // The loop's clock stood still.
        let (taken, closed) = Self.take(&pool, Self.at(1, suspended: 7 + suspended))
        #expect(taken == (isUsed ? "1" : nil))
        #expect(closed == (isUsed ? [] : ["1"]))
    }

    @Test func `clocks that go back do no harm`() {
        var pool = Pool()
        _ = pool.add(Fake("1"), keepAlive: nil, at: Self.at(1_000, suspended: 1_000))
        #expect(Self.take(&pool, Self.at(0)).0 == "1")
        _ = pool.add(Fake("2"), keepAlive: nil, at: Self.at(.max, suspended: .max))
        #expect(pool.count == 1)
    }

    @Test func `no more than the limit are kept, and the oldest go first`() {
        var pool = Pool()
        for number in 0..<Pool.limit { #expect(pool.add(Fake("\(number)"), keepAlive: nil, at: Self.at(0)).isEmpty) }
        #expect(pool.add(Fake("last"), keepAlive: nil, at: Self.at(0)).map(\.name) == ["0"])
        #expect(pool.count == Pool.limit)
        #expect(pool.add(Fake("new"), keepAlive: nil, at: Self.at(118_001)).count == Pool.limit)
        #expect(pool.count == 1)
    }

    @Test func `a failure takes out those that were idle by then, of its origin only`() {
        var pool = Pool()
        for (name, host, time) in [("1", "a", 10), ("2", "b", 10), ("3", "a", 20), ("4", "a", 21)]
            as [(String, String, UInt64)]
        {
            _ = pool.add(Fake(name, host: host), keepAlive: nil, at: Self.at(time))
        }
        #expect(pool.removeAll(to: Self.origin, keptBy: 20).map(\.name) == ["1", "3"])
        #expect(pool.removeAll(to: Self.origin, keptBy: 20).isEmpty)
        #expect(pool.removeAll().map(\.name) == ["2", "4"])
        #expect(pool.count == 0)
    }

    @Test func `one that has ended is taken out, a second time too`() {
        var pool = Pool()
        let fakes = [Fake("1"), Fake("2")]
        for fake in fakes { _ = pool.add(fake, keepAlive: nil, at: Self.at(0)) }
        pool.remove(fakes[0])
        pool.remove(fakes[0])
        #expect(Self.take(&pool, Self.at(0)).0 == "2")
    }
}
