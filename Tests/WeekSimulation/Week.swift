import TestSupport

/// What happens to one Larder in a week. A seed makes it; shrinking removes parts of it.
public struct Week: Sendable, Equatable {
    /// One thing that happens, at a moment of virtual time.
    public struct Step: Sendable, Equatable, CustomStringConvertible {
        /// Milliseconds from the start.
        public var at: UInt64
        /// What happens.
        public var event: Event

        /// For a report.
        public var description: String { "\(at) ms: \(event)" }
    }

    /// What a client asks for.
    public struct Request: Sendable, Equatable {
        /// An index into `Subject.all`.
        public var subject: Int
        /// The caller's key; 0 for none.
        public var key: Int
        /// What its `Cache-Control` says.
        public var directive: RequestDirective
        /// Whether the connection closes after the answer.
        public var closes: Bool
        /// Whether it accepts compressed answers.
        public var acceptsCoded: Bool
    }

    /// A request that is passed through, and what upstream does with it.
    public struct Pass: Sendable, Equatable {
        /// How a response can end.
        public enum End: Sendable, Equatable { case whole, cut, reset, stuck, silent, refused }
        /// How upstream marks the end of its body.
        public enum Framing: Sendable, Equatable { case length, chunked, close }
        /// The sizes of the parts of its body, in bytes.
        public var body: [Int]
        /// Whether the client sends all of it.
        public var hasWholeBody: Bool
        /// Whether the connection closes after the answer.
        public var closes: Bool
        /// Whether the client speaks HTTP/1.0.
        public var isOld: Bool
        /// Whether it may be sent twice.
        public var isIdempotent: Bool
        /// Whether a response that is no error invalidates the stored bodies of a path.
        public var invalidates: Bool
        /// Whether it goes out on a connection that has carried another before.
        public var isReused: Bool
        /// Whether that connection is dead.
        public var isDead: Bool
        /// Upstream's response.
        public var status: Int
        /// Whether an interim response comes first.
        public var hasInterim: Bool
        /// How the end of its body is marked.
        public var framing: Framing
        /// The sizes of the parts of its body, in bytes.
        public var parts: [Int]
        /// The time before its head, in milliseconds; four times that before each part.
        public var delay: UInt64
        /// How it ends.
        public var end: End
    }

    /// What a request's `Cache-Control` says.
    public enum RequestDirective: Sendable, Equatable { case none, noCache, onlyIfCached, noStore }

    /// What can happen. What lasts ends after so many milliseconds.
    public enum Event: Sendable, Equatable {
        /// A client sends a request, on its open connection if it has one, even if an earlier one is not answered yet.
        case call(client: Int, Request)
        /// A client sends a request that is passed through.
        case pass(client: Int, Pass)
        /// A client sends a part of a head. Its next call is the rest.
        case half(client: Int)
        /// A client closes its connection.
        case leave(client: Int)
        /// A client closes its sending side.
        case endInput(client: Int)
        /// A client reads nothing.
        case stall(client: Int, lasts: UInt64)
        /// A purge: 0 of all, 1 of the catalogue, otherwise of the key with the number one less.
        case purge(Int)
        /// Upstream behaves so, for one target or for all.
        case upstream(UpstreamMode, target: Int?, lasts: UInt64)
        /// Upstream sends this `Cache-Control`, for one target or for all.
        case directives(Directives, target: Int?, lasts: UInt64)
        /// Upstream sends entity tags, and answers 304 to the current one.
        case validators(lasts: UInt64)
        /// Upstream's content changes; `isMine`: each key has its own from now on.
        case change(target: Int, isMine: Bool)
        /// Upstream refuses a key.
        case refuse(key: Int, lasts: UInt64)
        /// The process is suspended.
        case suspend(lasts: UInt64)
        /// The wall clock is set by so many seconds.
        case setClock(Int64)
        /// The settings leave only so many bytes to the cache.
        case squeeze(Int, lasts: UInt64)
    }

    /// How upstream behaves.
    public enum UpstreamMode: Sendable, Equatable {
        /// It takes up to so many milliseconds.
        case slow(UInt64)
        /// It never answers.
        case silent
        /// It cannot be reached.
        case unreachable
        /// Its connection ends within the body.
        case cut
        /// Its body ends too early, and the framing does not show it.
        case cutUnseen
        /// It answers with this status, and perhaps `Retry-After`.
        case failing(Int, retryAfter: Int?)
        /// A proxy answers 403 with a page.
        case page
        /// The list has no models.
        case empty
        /// Bodies are so many bytes larger.
        case large(Int)
    }

    /// What upstream says of who may have a response.
    public enum Directives: String, Sendable, Equatable, CaseIterable {
        case everyone = "public, max-age=120"
        case personal = "private"
        case noStore = "no-store"
        case nothing = ""
    }

    /// The number that reproduces the run.
    public var seed: UInt64
    /// The bytes that the settings leave to the cache.
    public var memory: Int
    /// What happens, in the order of time.
    public var steps: [Step]

    /// How long a week is, in milliseconds.
    public static let length: UInt64 = 7 * 86_400_000
    /// After this time nothing new happens, and everything must come to its end.
    public static let end = length + 600_000

    static let clients = 8
    static let keys = 4

    /// The week of a seed.
    public init(seed: UInt64) {
        var random = SeededGenerator(seed: seed &* 31 &+ 7)
        self.seed = seed
        memory = [1 << 20, 2 << 20, 4 << 20, 16 << 20][random.index(4)]
        var steps: [Step] = []
        var at = random.within(0...3_600_000)
        while at < Self.length {
            Self.addSession(at: at, to: &steps, &random)
            at += random.percent(60) ? random.within(60_000...7_200_000) : random.within(3_600_000...100_000_000)
        }
        self.steps = steps.filter { $0.at < Self.length }.enumerated()
            .sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }

    /// Adds some minutes in which clients call, and what goes wrong meanwhile.
    private static func addSession(at start: UInt64, to steps: inout [Step], _ random: inout SeededGenerator) {
        let length = random.within(10_000...900_000)
        for _ in 0..<random.within(2...14) {
            let at = start + random.within(0...length)
            // Clients often come together.
            let request = request(&random)
            for _ in 0..<(random.percent(30) ? random.within(2...5) : 1) {
                var request = request
                if random.percent(40) { request.key = random.index(keys + 1) }
                if random.percent(10) { request = self.request(&random) }
                let client = random.index(clients)
                let time = at + random.within(0...50)
                if random.percent(4) {
                    steps.append(Step(at: time - random.within(0...min(time, 15_000)), event: .half(client: client)))
                }
                steps.append(Step(at: time, event: .call(client: client, request)))
                if random.percent(15) {
                    steps.append(Step(at: time + random.within(0...200), event: .pass(client: client, pass(&random))))
                }
                if random.percent(6) {
                    steps.append(Step(at: time + random.within(0...3_000), event: .leave(client: client)))
                } else if random.percent(3) {
                    steps.append(Step(at: time + random.within(0...3_000), event: .endInput(client: client)))
                }
            }
        }
        for _ in 0..<random.within(0...4) {
            steps.append(
                Step(at: start + random.within(0...length), event: fault(lasts: random.within(100...length), &random)))
        }
    }

    private static func request(_ random: inout SeededGenerator) -> Request {
        let directive: RequestDirective =
            switch random.index(20) {
            case 0, 1: .noCache
            case 2: .onlyIfCached
            case 3: .noStore
            default: .none
            }
        return Request(
            subject: random.percent(30) ? 0 : random.index(Subject.all.count), key: random.index(keys + 1),
            directive: directive, closes: random.percent(10), acceptsCoded: random.percent(20))
    }

    private static func pass(_ random: inout SeededGenerator) -> Pass {
        let ends: [Pass.End] = [.whole, .whole, .whole, .whole, .cut, .reset, .stuck, .silent, .refused]
        let sizes = [1, 100, 20_000, 70_000]
        return Pass(
            body: (0..<random.index(4)).map { _ in sizes[random.index(4)] }, hasWholeBody: random.percent(90),
            closes: random.percent(10), isOld: random.percent(10), isIdempotent: random.percent(40),
            invalidates: random.percent(20), isReused: random.percent(50), isDead: random.percent(20),
            status: [200, 200, 200, 400, 503][random.index(5)], hasInterim: random.percent(10),
            framing: [.length, .chunked, .close][random.index(3)],
            parts: (0..<random.within(1...5)).map { _ in sizes[random.index(4)] }, delay: random.within(1...20_000),
            end: ends[random.index(ends.count)])
    }

    private static func fault(lasts: UInt64, _ random: inout SeededGenerator) -> Event {
        let target = random.percent(50) ? nil : random.index(Subject.targets)
        switch random.index(24) {
        case 0: return .upstream(.slow(random.within(100...12_000)), target: target, lasts: lasts)
        case 1: return .upstream(.silent, target: target, lasts: lasts)
        case 2: return .upstream(.unreachable, target: target, lasts: lasts)
        case 3, 4: return .upstream(random.percent(50) ? .cut : .cutUnseen, target: target, lasts: lasts)
        case 5, 6:
            let status = [500, 502, 503, 429, 429][random.index(5)]
            let wish = random.percent(60) ? Int(random.within(0...600)) : nil
            return .upstream(.failing(status, retryAfter: wish), target: target, lasts: lasts)
        case 7: return .upstream(random.percent(50) ? .page : .empty, target: target, lasts: lasts)
        case 8:
            return .upstream(.large(Int(random.within(50_000...500_000))), target: target, lasts: min(lasts, 300_000))
        case 9, 10, 11:
            return .directives(Directives.allCases[random.index(4)], target: target, lasts: lasts)
        case 12, 13: return .validators(lasts: lasts * 100)
        case 14, 15: return .change(target: random.index(Subject.targets), isMine: random.percent(30))
        case 16: return .refuse(key: random.index(keys) + 1, lasts: lasts)
        case 17: return .suspend(lasts: random.percent(50) ? random.within(100...20_000) : lasts * 10)
        case 18: return .setClock(Int64(random.within(0...200_000)) - 100_000)
        case 19: return .squeeze(1 << 20, lasts: lasts)
        case 20, 21: return .purge(random.index(keys + 2))
        case 22: return .stall(client: random.index(clients), lasts: random.within(100...60_000))
        default: return .half(client: random.index(clients))
        }
    }
}

/// What the tests of the invariants leave out, to show that an invariant finds what its absence causes.
public struct WeekRules: Sendable, Equatable {
    /// Each key is an owner of its own, and so are callers without a key.
    public var ownersDiffer = true
    /// Upstream's `Cache-Control` decides who may share a response.
    public var directivesCount = true
    /// What a response or a purge withdraws is removed.
    public var withdrawalsRemove = true
    /// After a purge nobody joins a fetch from before it.
    public var purgesCloseFetches = true
    /// A body whose connection ended is a failure.
    public var cutsAreSeen = true
    /// If upstream's response is cut, the client's connection is reset.
    public var resetsReachClients = true
    /// What a fetch has brought reaches all who wait for it.
    public var repliesArrive = true
    /// Callers join the fetch in flight.
    public var flightsAreJoined = true
    /// A failure is reported as one, so that a pause follows.
    public var failuresCount = true
    /// Upstream's `Retry-After` is passed on.
    public var wishesCount = true
    /// A fetch that has waited for memory does not begin during a pause.
    public var lateFetchesHeedPauses = true
    /// The cache gets the limit of the settings.
    public var cacheIsLimited = true

    /// All rules.
    public init() {}
}

/// A broken invariant.
public struct WeekViolation: Error, Equatable, Sendable, CustomStringConvertible {
    /// Which of the six.
    public var invariant: Int
    /// When, in milliseconds of virtual time.
    public var at: UInt64
    /// What was seen.
    public var what: String

    /// What was seen, without its numbers.
    public var kind: String { "\(invariant) " + what.filter { !$0.isNumber } }

    /// For a report.
    public var description: String { "invariant \(invariant) at \(at) ms: \(what)" }
}
