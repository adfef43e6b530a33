import Foundation
import Glibc
import TestSupport
import Testing

/// Where a key, and what upstream says of its owner, must not be found.
@Suite(.timeLimit(.minutes(300))) struct StateSecrecyTests {
    private static let key = "sk-or-v1-c4n4ryk3y0123456789abcdef"
    private static let user = "user_c4n4ryus3r9876543210"

    private static func reply(_ request: OriginRequest) -> OriginReply {
        switch request.path {
        case "/api/v1/providers":
            .json(#"{"error":{"message":"no"},"user_id":"\#(user)"}"#, status: 401)
        case "/api/v1/endpoints/zdr":
            .json(#"{"error":{"message":"no"},"user_id":"\#(user)"}"#, status: 400)
        case "/api/v1/images/models": .json(#"{"user_id":"\#(user)"}"#, status: 500)
        case "/api/v1/chat/completions": .json(#"{"error":{"message":"no"},"user_id":"\#(user)"}"#, status: 402)
        case "/api/v1/models/user", "/api/v1/embeddings/models":
            Replies.list(["own/row"], ["Cache-Control": "private"])
        default: Replies.wellBehaved(request)
        }
    }

    /// Asks for all kinds of things with the key, and one thing without it at the end.
    private static func use(_ larder: LarderProcess) throws {
        for target in ["/models", "/models/user", "/embeddings/models", "/chat/completions", "/providers"] {
            _ = try larder.get(target, ["x-api-key": key])
            _ = try larder.get(target, ["X-Api-Key": key, "Authorization": "Bearer another"])
        }
        let fields: MessageFields = ["Authorization": "Bearer \(key)"]
        for target in [
            "/models", "/models/user", "/models?category=x", "/model/acme/anvil:nitro", "/embeddings/models",
            "/images/models", "/endpoints/zdr", "/chat/completions", "/models/user?q=own", "/providers",
        ] {
            _ = try larder.get(target, fields)
            _ = try larder.get(target, ["Authorization": "Bearer \(key)", "Cache-Control": "no-cache"])
        }
    }

    @Test func `neither is in a log, a page or a file`() throws {
        let (upstream, folder) = (try UpAndDown(Self.reply), StateFolder())
        let larder = try LarderProcess.serve(before: upstream, in: folder, environment: ["LARDER_LOG_LEVEL": "trace"])
        try Self.use(larder)
        let pages = try larder.get("/metrics").text + larder.get("/_larder/status").text
        try eventually("something is written") { try folder.holds("acme/anvil") }
        var files = try folder.files()
        try larder.end()
        for (name, bytes) in try folder.files() { files[name + " at the end"] = bytes }
        #expect(files.keys.contains("larder.db at the end"))
        for (name, bytes) in files { #expect(bytes.range(of: Data("c4n4ry".utf8)) == nil, "\(name)") }
        #expect(!pages.contains("c4n4ry"))
        #expect(!larder.child.lines().joined().contains("c4n4ry"))
    }
}
