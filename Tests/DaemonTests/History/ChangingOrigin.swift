import Foundation
import HistoryReference
import Settings
import TestSupport
import Testing

/// An upstream whose answer a test changes.
final class ChangingOrigin: Sendable {
    let origin: ScriptedOrigin
    private let reply: Monitor<OriginReply>

    init(_ reply: OriginReply) throws {
        let reply = Monitor(reply)
        self.reply = reply
        origin = try ScriptedOrigin { _ in reply.current }
    }

    convenience init(_ models: [(id: String, price: Int)]) throws { try self.init(Self.list(models)) }

    /// From now on this is the answer.
    func answer(_ next: OriginReply) { reply.withValue { $0 = next } }

    /// From now on the catalogue has these models.
    func publish(_ models: [(id: String, price: Int)], _ fields: MessageFields = Replies.shared) {
        answer(Self.list(models, fields))
    }

    static func list(_ models: [(id: String, price: Int)], _ fields: MessageFields = Replies.shared) -> OriginReply {
        let rows = models.map { model in
            #"{"id":"\#(model.id)","architecture":{"output_modalities":["text"]},"pricing":{"prompt":"0.00\#(model.price)"}}"#
        }
        return Replies.body(Array(#"{"data":[\#(rows.joined(separator: ","))]}"#.utf8), fields)
    }
}

extension LiveLarder {
    /// Makes it fetch the catalogue again.
    @discardableResult
    func refresh() throws -> RawResponse { try get("/models?output_modalities=all", ["Cache-Control": "no-cache"]) }

    /// All changes, as JSON, the oldest first.
    func allChanges() throws -> [PlainValue] {
        var (all, next): ([PlainValue], String) = ([], "0")
        while true {
            let page = try PlainValue(parsing: get("/_larder/changes?limit=1000&since=\(next)").body)
            guard case .array(let data) = page["data"], case .number(let cursor) = page["next"] else { return all }
            all += data
            next = cursor
            if page["has_more"] != .bool(true) { return all }
        }
    }

    /// The changes that a query asks for, as JSON.
    func changes(_ query: String) throws -> [PlainValue] {
        let response = try get("/_larder/changes?" + query)
        #expect(response.status == 200, "\(response.text)")
        guard case .array(let data) = try PlainValue(parsing: response.body)["data"] else { return [] }
        return data
    }

    /// The changes in words, once there are so many; or those that there are after some seconds.
    func words(_ count: Int) throws -> [String] {
        var words: [String] = []
        let end = ContinuousClock.now + .hang
        repeat {
            words = try allChanges().map { "\($0["kind"].text ?? "") \($0["id"].text ?? "-")" }
        } while words.count < count && .now < end
        return words
    }
}

extension StateFolder {
    /// Settings that keep a history here.
    func record(_ settings: inout Settings) {
        settings.state.enabled = true
        settings.state.directory = path
    }
}
