import Daemon
import Settings
import TestSupport
import Testing

/// Lists that upstream sends in pages, before a whole Larder.
@Suite(.timeLimit(.minutes(300))) struct PagedListTests {
    /// A page of a list with its link and total, as JSON.
    private static func page(
        _ ids: [String], next: String? = nil, total: Int? = nil, _ fields: MessageFields = Replies.shared
    )
        -> OriginReply
    {
        let rows = ids.map { #"{"id":"\#($0)","architecture":{"output_modalities":["text"]}}"# }.joined(separator: ",")
        let count = total.map { #","total_count":\#($0)"# } ?? ""
        let link = next.map { #","links":{"next":"\#($0)"}"# } ?? ""
        return Replies.body(Array(#"{"data":[\#(rows)]\#(count)\#(link)}"#.utf8), fields)
    }

    private static func ids(_ numbers: Range<Int>) -> [String] { numbers.map { "acme/model-\($0)" } }

    private static func offset(_ request: OriginRequest) -> Int {
        request.query.split(separator: "&").last { $0.hasPrefix("offset=") }.flatMap { Int($0.dropFirst(7)) } ?? 0
    }

    /// An upstream of 650 models that shows 500, then the rest.
    private static func large(_ request: OriginRequest) -> OriginReply {
        let start = offset(request)
        let end = min(start + 500, 650)
        let next = end < 650 ? "\(request.path)?output_modalities=all&offset=\(end)" : nil
        return page(ids(start..<end), next: next, total: 650)
    }

    @Test(arguments: ["/models", "/models/user", "/models?zdr=true"])
    func `the pages of a list are one list`(target: String) throws {
        let origin = try ScriptedOrigin(Self.large)
        try LiveLarder.serving(before: origin) { larder throws in
            let answer = try larder.get(target, key: "anna")
            #expect(answer.status == 200)
            #expect(answer.text.contains(#""total_count":650,"links":{"next":null}"#))
            #expect(answer.text.contains("acme/model-0\"") && answer.text.contains("acme/model-649\""))
            #expect(try larder.get(target, key: "anna").isHit)
        }
        // Every page was asked for with the key.
        #expect(origin.requests.allSatisfy { $0.key == "anna" })
        #expect(origin.requests.count == (target.contains("?") ? 4 : 2))
    }

    @Test func `all pages together have the time of one fetch`() throws {
        let origin = try ScriptedOrigin { request in
            let start = Self.offset(request)
            return .delayed(.milliseconds(300), Self.page(["a/\(start)"], total: 15))
        }
        try LiveLarder.serving(before: origin, { $0.upstream.timeout = .seconds(2) }) { larder throws in
            #expect(try larder.get("/models").status == 504)
        }
        #expect(origin.requests.count < 15)
    }

    @Test func `a total that is above the rows has the rest asked for, without a link`() throws {
        let origin = try ScriptedOrigin { request in
            let start = Self.offset(request)
            return Self.page(Self.ids(start..<min(start + 2, 5)), total: 5)
        }
        try LiveLarder.serving(before: origin) { larder throws in
            #expect(try larder.get("/models/count").text == #"{"data":{"count":5}}"#)
        }
        #expect(
            origin.targets.map { $0.dropFirst("/api/v1/models?output_modalities=all".count) } == [
                "", "&offset=2", "&offset=4",
            ])
    }

    @Test func `a model that stands on two pages counts once, where it came first`() throws {
        let origin = try ScriptedOrigin { request in
            Self.offset(request) == 0
                ? Self.page(["a/1", "a/2", "a/2"], next: "?offset=2") : Self.page(["a/2", "a/3", "a/1"])
        }
        try LiveLarder.serving(before: origin) { larder throws in
            let answer = try larder.get("/models")
            let ids = answer.text.matches(of: /"id":"([^"]*)"/).map { String($0.output.1) }
            #expect(ids == ["a/1", "a/2", "a/2", "a/3"])
            #expect(answer.text.contains(#""total_count":4,"#))
        }
    }

    /// What an upstream may do behind its first page.
    enum Fault: String, CaseIterable {
        case circle, itself, elsewhere, noRows, sameRows, status, refusal, garbage, notModels, otherTotal, tooMany, cut,
            linkOfNumber
        case short

        func reply(_ request: OriginRequest, elsewhere: String) -> OriginReply {
            let start = PagedListTests.offset(request)
            if start == 0 {
                switch self {
                case .itself: return page(["a/1"], next: "?output_modalities=all")
                case .elsewhere: return page(["a/1"], next: elsewhere + "/api/v1/models?offset=1")
                case .linkOfNumber:
                    return Replies.body(Array(#"{"data":[{"id":"a/1"}],"links":{"next":1}}"#.utf8))
                default: return page(["a/1"], next: "?offset=1", total: self == .tooMany ? nil : 9)
                }
            }
            switch self {
            case .circle: return page(["a/\(start + 1)"], next: start == 1 ? "?offset=2" : "?offset=1", total: 9)
            case .noRows: return page([], next: "?offset=2", total: 9)
            case .sameRows, .short: return page(start == 1 && self == .short ? ["a/2"] : ["a/1"], total: 9)
            case .status: return Replies.error(500)
            case .refusal: return Replies.error(401)
            case .garbage: return .json("{")
            case .notModels: return .json(#"{"data":[{"id":""}]}"#)
            case .otherTotal: return page((2...10).map { "a/\($0)" }, total: 10)
            case .tooMany: return page(["a/\(start + 1)"], next: "?offset=\(start + 1)")
            case .cut: return .reset
            case .itself, .elsewhere, .linkOfNumber: return Replies.error(404)
            }
        }

        private func page(_ ids: [String], next: String? = nil, total: Int? = nil) -> OriginReply {
            PagedListTests.page(ids, next: next, total: total)
        }
    }

    @Test(arguments: Fault.allCases)
    func `what does not add up is a failed fetch, and the copy before it stays`(fault: Fault) throws {
        let other = try ScriptedOrigin { _ in Self.page(["evil/1"]) }
        let isBroken = Monitor(false)
        let origin = try ScriptedOrigin { request in
            isBroken.current ? fault.reply(request, elsewhere: other.url) : Self.page(["good/1"])
        }
        try LiveLarder.serving(before: origin, { $0.stale.ifError = .seconds(3600) }) { larder throws in
            let good = try larder.get("/models", key: "anna")
            isBroken.withValue { $0 = true }
            let staleIfErrorCopy = try larder.get(
                "/models", ["Authorization": "Bearer anna", "Cache-Control": "no-cache"])
            #expect(staleIfErrorCopy.status == 200 && staleIfErrorCopy.body == good.body, "\(staleIfErrorCopy.text)")
            #expect(staleIfErrorCopy.cacheStatus.contains("detail="), "\(staleIfErrorCopy.cacheStatus)")
            // And where there is no copy, an error.
            #expect(try larder.get("/models/user", key: "anna").status == 502)
        }
        #expect(other.requests.isEmpty)
        #expect(origin.requests.count <= 1 + 2 * 21)
    }

    @Test func `as many pages as may be are taken`() throws {
        let origin = try ScriptedOrigin { request in
            let start = Self.offset(request)
            return Self.page(["a/\(start)"], next: start < 20 ? "?offset=\(start + 1)" : nil)
        }
        try LiveLarder.serving(before: origin) { larder throws in
            #expect(try larder.get("/models/count").text == #"{"data":{"count":21}}"#)
        }
        #expect(origin.requests.count == 21)
    }

    @Test(arguments: [
        ("public, max-age=60", "public, max-age=30", true), ("public", "private", false), ("public", "", false),
        ("", "public", false), ("public", "public, no-store", false),
    ])
    func `a list is shared only if each of its pages may be`(first: String, second: String, isShared: Bool) throws {
        let origin = try ScriptedOrigin { request in
            let control = Self.offset(request) == 0 ? first : second
            let fields: MessageFields =
                control.isEmpty ? ["ETag": "\"1\""] : ["Cache-Control": control, "ETag": "\"1\""]
            return Self.offset(request) == 0
                ? Self.page(["a/1"], next: "?offset=1", fields) : Self.page(["\(request.key ?? "")/2"], fields)
        }
        try LiveLarder.serving(before: origin, { $0.ttl.respectUpstream = isShared }) { larder throws in
            #expect(try larder.get("/models", key: "anna").text.contains("anna/2"))
            #expect(try larder.get("/models", key: "bert").text.contains(isShared ? "anna/2" : "bert/2"))
            if isShared {
                #expect(try larder.get("/models", key: "bert").fields["Cache-Control"] == "public, max-age=30")
            }
            // The tag of a page is not one of the list.
            _ = try larder.get("/models", ["Authorization": "Bearer anna", "Cache-Control": "no-cache"])
            #expect(origin.requests.allSatisfy { $0.fields["If-None-Match"] == nil })
        }
    }

    @Test func `a paged catalogue outlives a restart as one list`() throws {
        let folder = try TemporaryFolder()
        let origin = try ScriptedOrigin(Self.large)
        let change = { (settings: inout Settings) in
            settings.state.enabled = true
            settings.state.directory = folder.path
        }
        try LiveLarder.serving(before: origin, change) { larder throws in
            #expect(try larder.get("/models/count").text == #"{"data":{"count":650}}"#)
        }
        try LiveLarder.serving(before: origin, change) { larder throws in
            let answer = try larder.get("/models/count")
            #expect(answer.isHit && answer.text == #"{"data":{"count":650}}"#)
        }
        #expect(origin.requests.count == 2)
    }
}
