import Foundation
import TestSupport
import Testing

/// That no key, and nothing that a caller made up, is told.
@Suite(.timeLimit(.minutes(300))) struct SecrecyTests {
    private static let canary = "sk-or-v1-c4n4ry0123456789"

    private static let keys: [MessageFields] = [
        ["Authorization": "Bearer \(canary)"], ["x-api-key": canary],
        ["Authorization": "Bearer \(canary)", "X-Api-Key": canary], ["x-api-key": canary, "X-API-KEY": canary],
    ]

    @Test(arguments: ["text", "json"], keys)
    func `no key is shown, wherever a caller put it`(format: String, key: MessageFields) throws {
        let origin = try ScriptedOrigin { request in
            switch request.path {
            case "/api/v1/providers":
                .json(#"{"error":{"message":"\#(Self.canary)"},"user_id":"\#(Self.canary)"}"#, status: 401)
            case "/api/v1/images/models": .close
            default: Replies.wellBehaved(request)
            }
        }
        let larder = try LarderProcess.serve(
            before: origin, environment: ["LARDER_LOG_LEVEL": "trace", "LARDER_LOG_FORMAT": format])
        for target in [
            "/models", "/models/user", "/providers", "/images/models", "/models?api_key=\(Self.canary)",
            "/models?category=\(Self.canary)", "/models?q=\(Self.canary)", "/keys/\(Self.canary)", "/\(Self.canary)",
            "/chat/completions?key=\(Self.canary)", "/providers?x=\(Self.canary)", "/_larder/\(Self.canary)",
        ] {
            _ = try larder.get(target, key)
        }
        let metrics = try larder.get("/metrics").text
        let status = try larder.get("/_larder/status").text
        try larder.end()
        let log = larder.child.lines().joined(separator: "\n")
        #expect(log.contains("access"))
        if key["Authorization"] != nil { #expect(log.contains("images/models")) }
        for text in [metrics, status, log] { #expect(!text.contains("c4n4ry")) }
    }
}
