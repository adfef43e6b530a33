import Bytes
import Caching
import Catalog
import HTTPClient
import HTTPCore
import Persistence
import Serving
import TestSupport
import Testing

@testable import Fetching

@Suite struct EntryBuilderTests {
    private static let minute: UInt64 = 60_000
    private static let builder = EntryBuilder(lifetimes: Lifetimes(), sharing: .auto)

    private static func response(_ status: Int, _ body: [UInt8] = [], _ more: [(String, String)] = [])
        -> FetchedResponse
    {
        let fields = [("cache-control", "public"), ("content-type", "application/json"), ("etag", "\"1\"")] + more
        return FetchedResponse(
            status: status, fields: fields.map { (name: $0.0, value: $0.1) }, body: SharedBytes(body), duration: .zero)
    }

    /// What upstream's list comes to when it has come at midnight.
    private static func catalog(_ body: [UInt8] = SampleCatalogue.json, revalidating entry: Entry? = nil) throws
        -> Entry
    {
        let response = entry == nil ? response(200, body) : response(304)
        return try builder.build(
            .catalog, from: response, .init(now: 1_000_000, wallSeconds: 0, stored: entry)
        ).get()
    }

    /// The same once it has outlived a process.
    private static func restored(_ entry: Entry, body: [UInt8] = SampleCatalogue.json) throws -> Entry {
        let copy = StateCopy(
            fields: StateFields(entry, storedAt: 0), body: SharedBytes(body), digest: entry.metadata.digest,
            storedAt: 2_000_000)
        return try #require(try builder.restore(.catalog, copy, beside: nil))
    }

    private static func rows(of entry: Entry) throws -> (snapshot: Snapshot, prepared: PreparedList?) {
        guard case .rows(let snapshot, let prepared) = entry.content else { throw NoRows() }
        return (snapshot, prepared)
    }

    private struct NoRows: Error {}

    /// A list with one model whose price changes at 02:00 UTC.
    private static let priced: [UInt8] = {
        let pricing = #"{"prompt":"1","overrides":[{"utc_start":200,"utc_end":400}]}"#
        return Array(
            #"{"data":[{"id":"a/one","architecture":{"output_modalities":["text"]},"pricing":\#(pricing)}]}"#.utf8)
    }()

    // MARK: The usual list

    @Test func `a catalogue that is fetched has its usual list ready, and one that is restored does not`() throws {
        let fetched = try Self.catalog()
        #expect(try Self.rows(of: fetched).prepared != nil)
        let restored = try Self.restored(fetched)
        #expect(try Self.rows(of: restored).prepared == nil)
        #expect(restored.identity == fetched.identity)
        #expect(restored.byteCount < fetched.byteCount)
    }

    @Test func `a restored catalogue has it once upstream has confirmed it`() throws {
        let restored = try Self.restored(try Self.catalog())
        let confirmed = try Self.catalog(revalidating: restored)
        let (snapshot, prepared) = try Self.rows(of: confirmed)
        #expect(prepared != nil)
        #expect(try snapshot === Self.rows(of: restored).snapshot)
    }

    @Test func `a catalogue that comes again byte for byte is not read again, and one that differs is`() throws {
        let fetched = try Self.catalog()
        var response = Self.response(200, SampleCatalogue.json, [("last-modified", "Thu, 01 Jan 1970 00:00:10 GMT")])
        let circumstances = EntryBuilder.Circumstances(now: 2_000_000, wallSeconds: 60, stored: fetched)
        let again = try Self.builder.build(.catalog, from: response, circumstances).get()
        #expect(try Self.rows(of: again).snapshot === Self.rows(of: fetched).snapshot)
        #expect(again.freshness.storedAt == 2_000_000 && again.lastModified == 10)
        #expect(again.identity == fetched.identity && again.metadata.digest == fetched.metadata.digest)

        response = Self.response(200, SampleCatalogue.json)
        let unsaid = try Self.builder.build(.catalog, from: response, circumstances).get()
        #expect(unsaid.lastModified == fetched.lastModified)

        response = Self.response(200, Self.priced)
        let other = try Self.builder.build(.catalog, from: response, circumstances).get()
        #expect(try Self.rows(of: other).snapshot !== Self.rows(of: fetched).snapshot)
        #expect(other.identity != fetched.identity)
    }

    @Test func `a 304 without a question is no answer`() throws {
        let plain = FetchedResponse(
            status: 200, fields: [(name: "content-type", value: "application/json")],
            body: SharedBytes(SampleCatalogue.json), duration: .zero)
        let fetched = try Self.builder.build(.catalog, from: plain, .init(now: 1, wallSeconds: 0)).get()
        let answer = Self.builder.build(
            .catalog, from: Self.response(304), .init(now: 2, wallSeconds: 0, stored: fetched))
        guard case .failure(.status(.notModified, retryAfter: nil)) = answer else {
            Issue.record("not a failure: \(answer)")
            return
        }
    }

    private static func tagged(
        _ status: Int, _ tag: String, _ directives: String = "public", revalidating entry: Entry?
    ) -> Result<Entry, FetchProblem> {
        let response = FetchedResponse(
            status: status, fields: [(name: "cache-control", value: directives), (name: "etag", value: tag)],
            body: SharedBytes(status == 200 ? SampleCatalogue.json : []), duration: .zero)
        return builder.build(.catalog, from: response, .init(now: 1_000_000, wallSeconds: 0, stored: entry))
    }

    @Test func `a 304 whose tag differs in its weakness alone confirms the copy`() throws {
        for (kept, sent) in [("\"1\"", "W/\"1\""), ("W/\"1\"", "\"1\""), ("W/\"1\"", "W/\"1\"")] {
            let fetched = try Self.tagged(200, kept, revalidating: nil).get()
            let confirmed = try Self.tagged(304, sent, revalidating: fetched).get()
            #expect(confirmed.metadata.origin == .confirmation && confirmed.identity == fetched.identity)
            #expect(confirmed.isShared && EntityTag.areSame(confirmed.metadata.entityTag ?? "", kept))
            let narrowed = try Self.tagged(304, sent, "private", revalidating: fetched).get()
            #expect(!narrowed.isShared && !narrowed.metadata.hasValidator)
            let own = try Self.tagged(200, kept, "private", revalidating: nil).get()
            #expect(try !Self.tagged(304, sent, revalidating: own).get().isShared, "a 304 never widens")
        }
        let fetched = try Self.tagged(200, "W/\"1\"", revalidating: nil).get()
        for other in ["\"2\"", "W/\"2\"", "w/\"1\""] {
            guard case .failure(.unusable) = Self.tagged(304, other, revalidating: fetched) else {
                Issue.record("\(other) confirms another tag")
                continue
            }
        }
    }

    // MARK: Lifetimes

    @Test func `a restored entry is as it was, from another moment on`() throws {
        let fetched = try Self.catalog()
        let restored = try Self.restored(fetched)
        #expect(restored.freshness == Freshness(storedAt: 2_000_000, lifetime: 5 * Self.minute, staleUse: .always))
        #expect(restored.maxAge == 300 && restored.isShared && restored.status == .ok)
        #expect(restored.contentType == fetched.contentType && restored.lastModified == fetched.lastModified)
        #expect(restored.metadata.entityTag == "\"1\"" && restored.metadata.digest == fetched.metadata.digest)
        #expect(restored.metadata.cacheControl == fetched.metadata.cacheControl)
    }

    @Test func `a restored entry is of use for no longer than the settings say now`() throws {
        let long = EntryBuilder(lifetimes: Lifetimes(catalog: 60 * Self.minute), sharing: .auto)
        let fetched = try long.build(
            .catalog, from: Self.response(200, SampleCatalogue.json), .init(now: 1_000_000, wallSeconds: 0)
        ).get()
        #expect(fetched.maxAge == 3_600)
        let restored = try Self.restored(fetched)
        #expect(restored.freshness.lifetime == 5 * Self.minute && restored.maxAge == 300)
    }

    @Test(arguments: [
        (minutes: 60, lifetime: 60), (minutes: 119, lifetime: 119), (minutes: 120, lifetime: 120),
        (minutes: 180, lifetime: 120),
    ])
    func `the hour of a price ends a lifetime, be it the first one or that of changed settings`(
        minutes: UInt64, lifetime: UInt64
    ) throws {
        let lasting = EntryBuilder(lifetimes: Lifetimes(catalog: minutes * Self.minute), sharing: .auto)
        let first = try lasting.build(
            .catalog, from: Self.response(200, Self.priced), .init(now: 1_000_000, wallSeconds: 86_400)
        ).get()
        #expect(first.freshness.lifetime == lifetime * Self.minute)
        #expect(first.maxAge == Int(lifetime) * 60)

        let brief = try Self.catalog(Self.priced)
        #expect(brief.maxAge == 300)
        // A minute and a half later, by both clocks.
        let changed = try #require(
            lasting.taking(brief, of: .catalog, from: Self.builder, now: 1_090_000, wallSeconds: 90))
        #expect(changed.freshness == first.freshness)
        #expect(changed.maxAge == first.maxAge)
        #expect(try Self.rows(of: changed).snapshot === Self.rows(of: brief).snapshot)
    }

    @Test(
        arguments: [
            ("", 0, 120, 120), ("0", 0, 120, 120), ("100", 0, 20, 120), ("100", 5, 15, 120),
            ("120", 0, 0, 120),
            ("4000000000", 0, 0, 1 << 31), ("x", 0, 120, 120), ("100, 0", 0, 20, 120), ("100|0", 0, 20, 120),
            ("0|100", 0, 120, 120),
        ] as [(String, Int, UInt64, Int)])
    func `where upstream rules, its max-age counts from when the response was made`(
        age: String, delay: Int, left: UInt64, said: Int
    ) throws {
        let heeding = EntryBuilder(lifetimes: Lifetimes(respectsUpstream: true), sharing: .auto)
        // Of several values, on one line or on several, the first counts.
        let more = [("cache-control", "max-age=120")] + age.split(separator: "|").map { ("age", String($0)) }
        let response = Self.response(200, SampleCatalogue.json, more)
        let entry = try heeding.build(
            .catalog, from: response, .init(now: 1_000_000, wallSeconds: 1_000, askedAt: 995, delay: delay)
        ).get()
        #expect(entry.freshness.lifetime == left * 1000)
        // A client takes `Age` off this, and comes to the same.
        #expect(entry.maxAge == said)
        #expect(entry.freshness.staleUse == .always)
        // Under its own setting Larder keeps it for as long as that says.
        let own = try Self.builder.build(.catalog, from: response, .init(now: 1_000_000, wallSeconds: 1_000)).get()
        #expect(own.freshness.lifetime == 5 * Self.minute && own.maxAge == 300)
        let changed = try #require(
            heeding.taking(own, of: .catalog, from: Self.builder, now: 1_000_000, wallSeconds: 1_000))
        #expect(changed.freshness.lifetime == (left + UInt64(delay)) * 1000)
    }

    @Test(
        arguments: [
            // Made and asked for before 02:00, or made before it.
            (0, 7_199, 7_201, 0), (7, 7_201, 7_205, 0), (600, 7_700, 7_700, 0),
            // Asked for at 02:00 or later, and made then: the next hour is 04:00.
            (0, 7_200, 7_201, 7_199), (6, 7_206, 7_206, 7_194),
            // It comes before the hour.
            (600, 7_100, 7_100, 100),
        ] as [(Int, Int64, Int64, UInt64)])
    func `the hour of a price counts from when the response was made`(
        age: Int, askedAt: Int64, came: Int64, lifetime: UInt64
    ) throws {
        let lasting = EntryBuilder(lifetimes: Lifetimes(catalog: 300 * Self.minute), sharing: .auto)
        let entry = try lasting.build(
            .catalog, from: Self.response(200, Self.priced, [("age", "\(age)")]),
            .init(now: 1_000_000, wallSeconds: came, askedAt: askedAt)
        ).get()
        #expect(entry.freshness.lifetime == lifetime * 1000)
    }

    // MARK: Upstream's clock

    private static func date(_ seconds: Int64) -> (String, String) {
        var out = ByteBuilder()
        HTTPDate.append(seconds, to: &out)
        return ("date", out.span.text())
    }

    @Test(
        arguments: [
            // Made during the fetch, or before it by the age.
            (1_000, 0, 990, 1_010, 0), (1_010, 0, 990, 1_010, 0), (985, 5, 990, 1_010, 0),
            // A cache sent a copy with its own time.
            (1_000, 300, 990, 1_010, 0),
            // This machine's clock is ahead, or behind.
            (980, 5, 990, 1_010, 5), (1_000, 60, 30_000, 30_010, 28_940), (1_011, 0, 990, 1_010, -1),
            (9_000, 300, 990, 1_010, -7_990),
            // It was set during the fetch, back or forth.
            (1_000, 0, 30_000, 1_001, 1), (30_000, 0, 990, 30_001, 0),
        ] as [(Int64, Int, Int64, Int64, Int64)])
    func `a response shows by how much this machine's clock is ahead of upstream's`(
        date: Int64, age: Int, askedAt: Int64, came: Int64, lead: Int64
    ) throws {
        let more = [Self.date(date), ("age", "\(age)")]
        let fetched = try Self.builder.build(
            .catalog, from: Self.response(200, SampleCatalogue.json, more),
            .init(now: 1_000_000, wallSeconds: came, askedAt: askedAt)
        ).get()
        #expect(fetched.metadata.clockLead == lead)
        for response in [Self.response(304, [], more), Self.response(200, SampleCatalogue.json, more)] {
            let again = try Self.builder.build(
                .catalog, from: response,
                .init(now: 2_000_000, wallSeconds: came, stored: Self.catalog(), askedAt: askedAt)
            ).get()
            #expect(again.metadata.clockLead == lead)
        }
        // What was stored says nothing about the clocks now.
        #expect(try Self.restored(fetched).metadata.clockLead == nil)
        #expect(try Self.catalog(revalidating: fetched).metadata.clockLead == nil)
    }

    @Test func `settings that change nothing about an entry leave it as it is`() throws {
        let entry = try Self.catalog()
        let other = EntryBuilder(lifetimes: Lifetimes(user: 1), sharing: .auto)
        #expect(other.taking(entry, of: .catalog, from: Self.builder, now: 2_000_000, wallSeconds: 1_000) === entry)
        let separate = EntryBuilder(lifetimes: Lifetimes(), sharing: .never)
        #expect(separate.taking(entry, of: .catalog, from: Self.builder, now: 2_000_000, wallSeconds: 1_000) == nil)
    }
}
