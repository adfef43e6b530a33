import Testing

@testable import Serving

@Suite("Routes")
struct RouteTests {
    @Test(
        "The roots are the same, and so is a slash at the end",
        arguments: ["", "/v1", "/api/v1", "/openai/v1"], ["", "/"])
    func roots(root: String, slash: String) {
        #expect(route("\(root)/models\(slash)") == .models)
        #expect(route("\(root)/models/count\(slash)") == .count)
        #expect(route("\(root)/models/user\(slash)") == .user)
        #expect(model("\(root)/models/openai/gpt-4o\(slash)") == "plural openai/gpt-4o")
        #expect(model("\(root)/model/openai/gpt-4o\(slash)") == "singular openai/gpt-4o")
    }

    @Test(
        "The slash of a model's name may be escaped, in either case",
        arguments: [
            ("/models/openai%2Fgpt-4o", "plural openai%2Fgpt-4o"),
            ("/models/openai%2fgpt-4o/", "plural openai%2fgpt-4o"),
            ("/api/v1/model/a%2Fb", "singular a%2Fb"), ("/v1/models/a/b:free", "plural a/b:free"),
            ("/models/~openai/latest", "plural ~openai/latest"), ("/models/a/b%20c", "plural a/b%20c"),
            ("/models/a%2/b", "plural a%2/b"), ("/models/a%/b", "plural a%/b"),
            ("/models/a%252Fb/c", "plural a%252Fb/c"),
            ("/models/count/x", "plural count/x"), ("/models/user/x", "plural user/x"),
            ("/model/models/count", "singular models/count"), ("/models/é/x", "plural é/x"),
        ])
    func models(path: String, expected: String) {
        #expect(model(path) == expected)
    }

    @Test("The lists that are kept as they come have the roots too", arguments: Route.StaticList.allCases)
    func lists(list: Route.StaticList) {
        for root in ["", "/v1", "/api/v1"] {
            #expect(route(root + list.rawValue) == .list(list))
            #expect(route(root + list.rawValue + "/") == .list(list))
        }
    }

    @Test(
        "Upstream's data has the roots too",
        arguments: [
            "/benchmarks", "/datasets/a", "/datasets/a/b/c", "/datasets/a%2Fb", "/classifications/task", "/tools",
            "/tools/web%20search", "/tools/openrouter:x",
        ])
    func data(resource: String) {
        for path in ["", "/v1", "/api/v1"].flatMap({ ["\($0)\(resource)", "\($0)\(resource)/"] }) {
            guard case .data(let range) = route(path) else {
                Issue.record("no data: \(path)")
                continue
            }
            #expect(String(decoding: Array(path.utf8)[range], as: UTF8.self) == resource)
        }
    }

    @Test(
        "A model has endpoints",
        arguments: [
            ("/models/a/b/endpoints", "a/b"), ("/api/v1/models/a%2Fb:free/endpoints/", "a%2Fb:free"),
            ("/v1/models/endpoints/endpoints/endpoints", "endpoints/endpoints"),
        ])
    func endpoints(path: String, expected: String) {
        guard case .endpoints(let range) = route(path) else {
            Issue.record("no endpoints: \(path)")
            return
        }
        #expect(String(decoding: Array(path.utf8)[range], as: UTF8.self) == expected)
    }

    @Test(
        "Three dots, and dots beside a letter, are a name", arguments: ["/models/.../b", "/model/a./b", "/model/a/..b"])
    func dottedNames(path: String) {
        #expect(model(path) != nil)
    }

    @Test("An export has one path", arguments: Route.exportPaths)
    func exports(path: String) {
        #expect(route(path).kind == .export)
        for near in [path + "/", path + "x", String(path.dropLast()), "/v1" + path, "/openai/v1" + path] {
            #expect(route(near).kind != .export, "\(near)")
        }
    }

    @Test(
        "Larder's own paths are nobody else's",
        arguments: [
            ("/metrics", true), ("/_larder", true), ("/_larder/", true), ("/_larder/models", true),
            ("/_larderx", false),
            ("/v1/_larder/", false), ("/metrics/x", false),
        ])
    func own(path: String, isOwn: Bool) {
        #expect((route(path) == .own) == isOwn)
    }

    @Test("Health and readiness stand at the top alone", arguments: ["/api/v1", "/v1", "/x"])
    func health(root: String) {
        #expect(route("/healthz") == .health)
        #expect(route("/readyz") == .readiness)
        #expect(route("\(root)/healthz") == .other)
        #expect(route("\(root)/readyz") == .other)
        #expect(route("/healthz/") == .other)
        #expect(route("/readyz/") == .other)
    }

    @Test(
        "A near miss is another route",
        arguments: [
            "", "/", "//", "/api/v1", "/api/v1/", "/v1", "/v1/", "/api/v1x/models", "/api/v1models", "/api/v10/models",
            "/api/models", "/api/v2/models", "/v2/models", "/v1/v1/models", "/api/v1/v1/models", "/v1/api/v1/models",
            "//models", "/api/v1//models", "/api//v1/models", "/models//", "/models//x", "/models/x", "/models/x/",
            "/models/x//", "/models//x/y", "/models/x//y", "/models/x/y//", "/models/a/b/c", "/models/a%2Fb/c",
            "/models/a%2Fb%2Fc", "/models/a%2F", "/models/%2Fb", "/models/%2F", "/models/a/%2F", "/models/a%2F/b",
            "/models/../b",
            "/models/a/..", "/models/./b", "/model/%2E%2e/b", "/model/a%2F.%2E", "/models/a/%2e",
            "/models/../b/endpoints",
            "/model/a/b/endpoints", "/models/a/endpoints/x", "/models//endpoints", "/models/a//endpoints",
            "/models/a/b/endpointss", "/models/a/b/c/endpoints", "/providers/x", "/endpoints", "/images", "/providersx",
            "/models/count//", "/models/counts", "/models/countx", "/model", "/model/",
            "/model/x", "/model/a/b/c", "/modelsx", "/modelsa/b", "/modela/b", "/Models", "/MODELS", "/models/Count",
            "models", "/models%2Fcount", "/%6Dodels", "/models/openai%252Fgpt-4o", "/models.json", "/models;x",
            "/chat/completions", "/api/alpha/models", "/API/v1/models",
            "/benchmarks/x", "/datasets", "/datasets/", "/datasets//", "/datasets/a//b", "/datasets/../a",
            "/datasets/a/%2e%2E",
            "/classifications", "/classifications/tasks", "/classifications/task/x", "/tools/a/b", "/tools/a%2Fb",
            "/tools//",
            "/tools/..", "/toolsx",
        ])
    func nearMisses(path: String) {
        #expect(route(path) == .other)
    }

    @Test(
        "An unsafe method invalidates what is kept under the path, in its one spelling",
        arguments: [
            ("POST", "/providers", "/providers"), ("DELETE", "/api/v1/providers/", "/providers"),
            ("PUT", "/v1/models/a%2Fb%20c/endpoints", "/models/a/b%20c/endpoints"),
            ("PATCH", "/view/team/models/a/b:free/endpoints", "/models/a/b:free/endpoints"),
            ("BREW", "/tools/x%3ay", "/tools/x:y"), ("get", "/datasets/a/b", "/datasets/a/b"),
            ("POST", "/tools/%ff", nil), ("POST", "/models/a/%ff/endpoints", nil), ("GET", "/providers", nil),
            ("HEAD", "/providers", nil), ("OPTIONS", "/tools", nil), ("TRACE", "/tools", nil), ("POST", "/models", nil),
            ("POST", "/model/a/b", nil), ("POST", "/chat/completions", nil), ("POST", "/_larder/x", nil),
        ])
    func invalidated(method: String, path: String, expected: String?) {
        let (name, bytes) = (Array(method.utf8), Array(path.utf8))
        #expect(route(path).invalidatedPath(by: name.span, of: bytes.span) == expected)
    }

    private func route(_ path: String) -> Route {
        let bytes = Array(path.utf8)
        return Route(path: bytes.span)
    }

    /// The form and the name of the model that a path asks for.
    private func model(_ path: String) -> String? {
        guard case .model(let range, let isPlural) = route(path) else { return nil }
        return (isPlural ? "plural " : "singular ") + String(decoding: Array(path.utf8)[range], as: UTF8.self)
    }
}
