import TestSupport

/// What a scripted origin answers when it plays upstream.
enum Replies {
    /// The fields that the real upstream sends with its lists.
    static let shared: MessageFields = [
        "Cache-Control": "public, max-age=120, stale-while-revalidate=3600", "Vary": "Host",
    ]

    /// The sample catalogue.
    static func catalogue(_ fields: MessageFields = shared) -> OriginReply {
        body(SampleCatalogue.json, fields)
    }

    /// A list of models that have these ids and nothing else.
    static func list(_ ids: [String], _ fields: MessageFields = shared) -> OriginReply {
        let rows = ids.map { #"{"id":"\#($0)","architecture":{"output_modalities":["text"]}}"# }
        return body(Array(#"{"data":[\#(rows.joined(separator: ","))]}"#.utf8), fields)
    }

    /// A single model.
    static func model(_ id: String, _ fields: MessageFields = shared) -> OriginReply {
        body(Array(#"{"data":{"id":"\#(id)","created":7}}"#.utf8), fields)
    }

    /// An error in upstream's envelope.
    static func error(_ status: Int, _ message: String = "no", _ fields: MessageFields = [:]) -> OriginReply {
        .json(#"{"error":{"code":\#(status),"message":"\#(message)"}}"#, status: status, fields)
    }

    /// A body of JSON.
    static func body(_ bytes: [UInt8], _ fields: MessageFields = shared) -> OriginReply {
        var fields = fields
        fields["Content-Type"] = "application/json"
        return .response(status: 200, fields: fields, body: .bytes(bytes))
    }

    /// An upstream that has the sample catalogue, knows variants of its models by name, and nothing else.
    static func wellBehaved(_ request: OriginRequest) -> OriginReply {
        switch request.path {
        case "/api/v1/models": return catalogue()
        case "/api/v1/models/user":
            guard let key = request.fields["Authorization"] else { return error(401, "No key") }
            return list(["\(key.dropFirst("Bearer ".count))/own"], ["Cache-Control": "private, no-store"])
        case "/api/v1/models/count": return body(Array(#"{"data":{"count":3}}"#.utf8))
        default:
            guard let id = request.path.split(separator: "/model/").last, id.hasSuffix(":nitro") else {
                return error(404, "Model not found")
            }
            return model(String(id))
        }
    }
}

extension OriginRequest {
    /// The key that it bears.
    var key: String? { fields["Authorization"].map { String($0.dropFirst("Bearer ".count)) } }
}

extension ScriptedOrigin {
    /// How often a path was asked for, root and all.
    func count(of path: String) -> Int { requests.count { $0.path == path } }

    /// The targets of all requests, in order.
    var targets: [String] { requests.map(\.target) }
}

extension RawResponse {
    /// The field that tells what the cache did.
    var cacheStatus: String { fields["Cache-Status"] ?? "" }

    /// Whether it came from the cache.
    var isHit: Bool { cacheStatus.hasPrefix("larder; hit; ttl=") }
}
