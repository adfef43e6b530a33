import Foundation
import FuzzChecks
import Testing

/// Every input that a fuzzer found worth keeping stays checked, with no fuzzer at hand.
@Suite struct CorpusTests {
    @Test("requests", arguments: corpus("request"))
    func requests(file: URL) throws { #expect(RequestCheck.fault(in: try bytes(file)) == nil) }

    @Test("responses", arguments: corpus("response"))
    func responses(file: URL) throws { #expect(ResponseCheck.fault(in: try bytes(file)) == nil) }

    @Test("queries", arguments: corpus("query"))
    func queries(file: URL) throws { #expect(QueryCheck.fault(in: try bytes(file)) == nil) }

    @Test("bodies from upstream", arguments: corpus("catalog"))
    func bodies(file: URL) throws { #expect(CatalogCheck.fault(in: try bytes(file)) == nil) }

    @Test("files of settings", arguments: corpus("toml"))
    func settings(file: URL) throws { #expect(TOMLCheck.fault(in: try bytes(file)) == nil) }

    @Test("replies of a fleet's engine", arguments: corpus("reply"))
    func replies(file: URL) throws { #expect(ReplyCheck.fault(in: try bytes(file)) == nil) }

    @Test("the corpus is there", arguments: ["request", "response", "query", "catalog", "toml", "reply"])
    func corpusIsThere(name: String) { #expect(corpus(name).count > 10) }
}

private func corpus(_ name: String) -> [URL] {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let folder = tests.appendingPathComponent("corpus/\(name)")
    let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    return files.sorted { $0.path < $1.path }
}

private func bytes(_ file: URL) throws -> [UInt8] { Array(try Data(contentsOf: file)) }
