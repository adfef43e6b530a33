/// What the built-in upstream answers.
public struct DemoAnswer: Sendable {
    /// The status code.
    public let status: Int

    /// The header fields, without those that frame the body.
    public let fields: [(String, String)]

    /// The whole body.
    public let body: [UInt8]

    /// An answer that may be shared between callers, with the header fields of the real one.
    static func shared(_ json: String) -> DemoAnswer {
        let control = "public, max-age=120, stale-while-revalidate=3600, stale-if-error=3600"
        return DemoAnswer(status: 200, json, [("Cache-Control", control), ("Vary", "Host")])
    }

    /// An answer for its caller alone.
    static func personal(_ json: String) -> DemoAnswer {
        DemoAnswer(status: 200, json, [("Cache-Control", "private, no-store")])
    }

    /// An error in the envelope of the real ones.
    static func failure(_ status: Int, _ message: String) -> DemoAnswer {
        DemoAnswer(status: status, "{\"error\":{\"message\":\"\(message)\",\"code\":\(status)}}", [])
    }

    private init(status: Int, _ json: String, _ fields: [(String, String)]) {
        self.status = status
        self.fields = [("Content-Type", "application/json")] + fields
        body = Array(json.utf8)
    }
}
