import Bytes
import Catalog
import Testing

@Suite struct ComposerTests {
    private let snapshot = Snapshot.make([
        .make("a/1", created: 10, context: 1), .make("a/2", context: 3), .make("~b/3", context: 2),
        .make("c", created: -5),
    ])

    private func list(_ query: String, resource: StaticString = "models") -> String? {
        guard let selection = snapshot.select(query) else { return nil }
        let raw = Array(query.utf8)
        let body = Composer.list(.snapshot(snapshot, selection), rawQuery: raw.span, resource: resource)
        return text(body)
    }

    @Test(arguments: [
        ("", #"{"id":"a/1"},{"id":"a/2"},{"id":"~b/3"},{"id":"c"}"#, 4),
        ("sort=context-high-to-low", #"{"id":"a/2"},{"id":"~b/3"},{"id":"a/1"},{"id":"c"}"#, 4),
        ("context=3", #"{"id":"a/2"}"#, 1),
        ("q=nothing", "", 0),
        ("q=c&sort=newest", #"{"id":"c"}"#, 1),
    ])
    func listsHoldTheRowsInOrder(query: String, rows: String, total: Int) {
        #expect(list(query) == #"{"data":["# + rows + #"],"total_count":\#(total),"links":{"next":null}}"#)
    }

    @Test(arguments: [
        ("limit=2", "limit=2&offset=2"),
        ("offset=1&limit=2", "limit=2&offset=3"),
        ("offset=7&limit=1&offset=0", "limit=1&offset=1"),
        ("o%66fset=0&limit=1", "limit=1&offset=1"),
        ("limit=1&q=%2f+&q=&offset", "limit=1&q=%2f+&q=&offset=1"),
        ("&limit=1&&sort=newest&", "limit=1&sort=newest&offset=1"),
        ("limit=%31&q=\"\\\u{1}é&q=", "limit=%31&q=%22%5C%01%C3%A9&q=&offset=1"),
    ])
    func theNextLinkKeepsTheOtherParametersAsSpelled(query: String, next: String) throws {
        let body = try #require(list(query))
        #expect(body.hasSuffix(#""links":{"next":"/api/v1/models?"# + next + #""}}"#), "\(body)")
    }

    @Test func theNextLinkNamesTheResource() throws {
        let body = try #require(list("limit=1", resource: "models/user"))
        #expect(body.hasSuffix(#"{"next":"/api/v1/models/user?limit=1&offset=1"}}"#))
    }

    @Test func countsAreThoseOfAllMatches() throws {
        let selection = try #require(snapshot.select("context=1&limit=1"))
        #expect(text(Composer.count(selection)) == #"{"data":{"count":3}}"#)
    }

    @Test func aModelStandsInData() {
        #expect(text(Composer.model(ModelRow(snapshot, 2))) == #"{"data":{"id":"~b/3"}}"#)
    }

    @Test(arguments: [
        (0, #"{"data":{"id":"a/1"},"id":"a/1","object":"model","created":10,"owned_by":"a","shutdown_date":null}"#),
        (2, #"{"data":{"id":"~b/3"},"id":"~b/3","object":"model","created":0,"owned_by":"b","shutdown_date":null}"#),
        (3, #"{"data":{"id":"c"},"id":"c","object":"model","created":-5,"owned_by":"c","shutdown_date":null}"#),
    ])
    func openAIClientsFindTheirMembersBesideData(row: Int, expected: String) {
        #expect(text(Composer.openAIModel(ModelRow(snapshot, row))) == expected)
    }

    @Test(arguments: [
        (#""2098-12-31""#, #""2098-12-31""#), (#""\u0032""#, #""\u0032""#), ("null", "null"), ("", "null"), ("7", "7"),
    ])
    func theDateOfItsEndIsUpstreams(date: String, shown: String) {
        var fields = ModelFields.make("a/1", created: 10)
        fields.expirationDate = Array(date.utf8)
        let end = #"},"id":"a/1","object":"model","created":10,"owned_by":"a","shutdown_date":\#(shown)}"#
        // Both of a row of a snapshot and of a model that came by itself.
        let rows = [ModelRow(Snapshot.make([.make("z"), fields]), 1), ModelRow(fields, json: SharedBytes(utf8: "{}"))]
        #expect(rows.map { text(Composer.openAIModel($0)) } == [#"{"data":{"id":"a/1""# + end, #"{"data":{"# + end])
    }

    @Test func idsAreEscaped() {
        let body = Composer.openAIModel(ModelRow(.make("~a\"\\\u{1}é/b"), json: SharedBytes(utf8: "{}")))
        let expected =
            #"{"data":{},"id":"~a\"\\\u0001é/b","object":"model","created":0,"owned_by":"a\"\\\u0001é","#
            + #""shutdown_date":null}"#
        #expect(text(body) == expected)
    }
}
