import Bytes
import Caching
import Catalog
import CatalogJSON
package import HTTPClient
import HTTPCore
package import Serving

/// A list that upstream sends in pages, collected until it is complete.
///
/// The result is one list, with the models in the order in which they arrived. A model on two pages keeps its first
/// position. The list is as fresh and as shareable as the most restrictive page. It has no validator, since a page's
/// validator does not cover the others. Inconsistent pages make no list: upstream is asked again, from the first page
/// on.
package struct PagedList: Sendable {
    /// The most pages that are fetched after the first.
    static let mostFurtherPages = 20

    /// The next step.
    package enum Step {
        /// Fetch the page at this URL.
        case fetch(String)
        /// The list is complete.
        case whole
        /// There is no list.
        case failed(FetchProblem)
    }

    private let map: UpstreamMap
    /// The URL of the first page.
    private let start: String
    /// The URL of the next page.
    private var url: String
    private var asked: Set<String>
    /// The first response, without its body.
    private let first: FetchedResponse
    private var duration = Duration.zero
    private var pageCount = 0

    /// The rows of each page, each followed by a comma.
    private var rows: [[UInt8]] = []
    private var rowCount = 0
    /// Whether all pages are there.
    package private(set) var isWhole = false
    private var ids: Set<[UInt8]> = []
    private var total: Int?
    /// The `Cache-Control` of each page, and the greatest `Age`.
    private var cacheControls: [String] = []
    private var age = 0
    /// The size limit of the rows, in bytes.
    private let mostBytes: Int

    /// For a response from `url` that is a page, which must be added first; nil if it is none. Call this and what
    /// follows outside the loops.
    package init?(_ response: FetchedResponse, from url: String, _ map: UpstreamMap, mostBytes: Int) {
        do throws(CatalogError) {
            _ = try CatalogReader.wholeList(response.body.span)
            return nil
        } catch {
            guard error == .page else { return nil }
        }
        self.map = map
        self.mostBytes = mostBytes
        start = url
        self.url = url
        asked = [url]
        first = response.replacing(fields: response.fields, body: .empty)
    }

    /// The bytes of the rows so far.
    package var byteCount: Int { rows.reduce(0) { $0 + $1.count } }

    /// About how many bytes the rows of all pages have. Upstream need not say how many rows there are; then twice of
    /// those that came, so that few steps lead to any size.
    package var expectedCount: Int {
        guard rowCount > 0 else { return byteCount }
        let most = rowCount.multipliedSaturated(by: Self.mostFurtherPages + 1)
        let count = total.map { min(max($0, rowCount), most) } ?? rowCount.multipliedSaturated(by: 2)
        return min(mostBytes, (byteCount / rowCount + 1).multipliedSaturated(by: count))
    }

    /// Adds the response from the URL of the last step; at first, the one that the list was made for.
    package mutating func add(_ response: FetchedResponse) -> Step {
        pageCount += 1
        guard response.status == Status.ok.rawValue else { return .failed(problem(with: response)) }
        do throws(CatalogError) {
            return try add(CatalogReader.readPage(response.body.span), of: response)
        } catch {
            return failure("page \(pageCount) of the list: \(error.description)")
        }
    }

    private mutating func add(_ page: ListPage, of response: FetchedResponse) -> Step {
        let before = ids
        var added = 0
        var bytes: [UInt8] = []
        for (id, row) in page.rows where !before.contains(id) {
            ids.insert(id)
            bytes += row
            bytes.append(UInt8(ascii: ","))
            added += 1
        }
        rowCount += added
        rows.append(bytes)
        guard byteCount <= mostBytes else { return failure("the pages of the list are too large together") }
        if let total, let next = page.total, next != total { return failure("the list changed between its pages") }
        total = total ?? page.total
        note(response)

        if page.next == nil, (total ?? 0) <= rowCount {
            isWhole = true
            return .whole
        }
        guard added > 0 else { return failure("page \(pageCount) of the list adds no model") }
        guard pageCount <= Self.mostFurtherPages else {
            return failure("the list has more than \(Self.mostFurtherPages) further pages")
        }
        do throws(PageLink.Refusal) {
            url =
                if let next = page.next {
                    try PageLink.resolve(next, from: url, map)
                } else {
                    start + (start.contains("?") ? "&" : "?") + "offset=\(rowCount)"
                }
        } catch {
            return failure("page \(pageCount) of the list: \(error.description)")
        }
        guard asked.insert(url).inserted else { return failure("the pages of the list form a cycle") }
        return .fetch(url)
    }

    private mutating func note(_ response: FetchedResponse) {
        let values = response.fields.filter { $0.name == "cache-control" }.map(\.value)
        cacheControls.append(values.joined(separator: ", "))
        age = max(age, ResponseFields(response, wallSeconds: 0).age)
        duration += response.duration
    }

    private func failure(_ message: String) -> Step { .failed(.unusable("upstream's answer is unusable: \(message)")) }

    /// A failure of a page fails the whole fetch, whatever its kind: a key that may see the first page may see all.
    private func problem(with response: FetchedResponse) -> FetchProblem {
        let fields = ResponseFields(response, wallSeconds: 0)
        let status = Status(rawValue: response.status)
        if response.status >= 500 || status == .tooManyRequests {
            return .status(status, retryAfter: fields.retryAfter)
        }
        return .unusable("upstream's answer is unusable: page \(pageCount) of the list has status \(response.status)")
    }

    /// All pages in the form of one response.
    package func composed() -> FetchedResponse {
        var body = ByteBuilder(capacity: byteCount + 64)
        body.append("{\"data\":[")
        let last = rows.lastIndex { !$0.isEmpty }
        for (index, page) in rows.enumerated() {
            body.append(page.span.extracting(0..<(index == last ? page.count - 1 : page.count)))
        }
        body.append("],\"total_count\":")
        body.append(decimal: rowCount)
        body.append(",\"links\":{\"next\":null}}")
        let dropped: Set<String> = [
            "etag", "last-modified", "cache-control", "age", "content-length", "content-encoding",
        ]
        var fields = first.fields.filter { !dropped.contains($0.name) }
        if age > 0 { fields.append(("age", "\(age)")) }
        fields += cacheControl.map { (name: "cache-control", value: $0) }
        return FetchedResponse(status: first.status, fields: fields, body: body.finish(), duration: duration)
    }

    /// The `Cache-Control` of the whole list, in lines. The page that is fresh for the shortest time comes first, since
    /// the first of two equal directives with different numbers counts.
    private var cacheControl: [String] {
        if Set(cacheControls).count == 1 { return cacheControls[0].isEmpty ? [] : [cacheControls[0]] }
        let pages = cacheControls.map { text in
            var directives = CacheControl()
            directives.merge(Array(text.utf8).span)
            return (text: text, directives: directives)
        }
        let lines = pages.sorted { left, right in
            (left.directives.sharedMaxAge ?? left.directives.maxAge ?? .max)
                < (right.directives.sharedMaxAge ?? right.directives.maxAge ?? .max)
        }.map(\.text).filter { !$0.isEmpty }
        return pages.allSatisfy { Sharing.auto.allows($0.directives) } ? lines : lines + ["private"]
    }
}
