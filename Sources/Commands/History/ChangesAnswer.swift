import Bytes
import Catalog
package import HTTPClient
import History
import JSONDocument
public import Settings

/// What `larder changes` asks for, and where.
public struct ChangesRequest: Sendable {
    /// The Larder to send the request to.
    public var address: LarderAddress

    /// The parameters of the query: `since`, `kind`, `id`, ....
    public var parameters: [(name: String, value: String)]

    /// A request with these parameters.
    public init(_ address: LarderAddress, parameters: [(name: String, value: String)]) {
        self.address = address
        self.parameters = parameters
    }

    /// The path and the query, from a cursor on.
    package func path(after cursor: Int64? = nil, limit: Int? = nil) -> String {
        var parameters = parameters
        if let cursor {
            parameters.removeAll { $0.name == "since" }
            parameters.append(("since", "\(cursor)"))
        }
        if let limit { parameters.append(("limit", "\(limit)")) }
        return "/_larder/changes" + (parameters.isEmpty ? "" : "?" + QueryText.query(parameters))
    }
}

/// A page of changes.
package struct ChangesAnswer {
    /// The events, each as its line of JSON and as a line for people.
    package let events: [(json: [UInt8], text: String)]

    /// Where the next page begins.
    package let next: Int64

    /// Whether there is a next page already.
    package let hasMore: Bool

    /// Reads a whole answer.
    package init(_ response: FetchedResponse) throws(ClientFailure) {
        let text = response.body.span
        do throws(JSONError) {
            _ = try JSONDocument(parsing: text)
        } catch {
            throw ClientFailure("the answer is not JSON: \(error)")
        }
        let root = JSONScanner.value(of: text)
        guard let data = JSONScanner.member("data", of: text, in: root),
            let next = JSONScanner.member("next", of: text, in: root).flatMap({ Int64(text.extracting($0).text()) })
        else { throw ClientFailure("the answer is not a list of changes") }
        self.next = next
        hasMore = JSONScanner.member("has_more", of: text, in: root).map { text.extracting($0).equals("true") } ?? false
        events = JSONScanner.elements(text, in: data).map { range in
            let event = text.extracting(range)
            return (event.copied(), Self.line(event))
        }
    }

    private static func line(_ event: Span<UInt8>) -> String {
        let root = JSONScanner.value(of: event)
        func part(_ name: StaticString) -> [UInt8]? {
            guard let range = JSONScanner.member(name, of: event, in: root), !JSONScanner.isNull(event, in: range)
            else {
                return nil
            }
            return event.extracting(range).copied()
        }
        func string(_ name: StaticString) -> String? {
            JSONScanner.member(name, of: event, in: root).flatMap { JSONScanner.string(event, in: $0) }
        }
        let at = string("at") ?? ""
        guard let kind = string("kind").flatMap({ ChangeKind(rawValue: $0) }) else {
            // A later Larder may have other kinds.
            return DisplayText.printable("\(at)  \(string("id") ?? ""): \(string("kind") ?? "")")
        }
        let change = RowChange(kind, before: part("before"), after: part("after"))
        return DisplayText.printable("\(at)  \(Event(cursor: 0, at: 0, id: string("id"), change).summary)")
    }
}
