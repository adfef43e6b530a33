import Fleet
import Testing

@Suite struct EngineTests {
    @Test func `all keys share one hash tag and distinguish upstream and schema`() throws {
        let namespace = try Namespace(prefix: "team-a", upstream: 0xABCD)
        let id = Identifier(high: 1, low: 2)
        let keys = [
            namespace.record(id), namespace.lease(id), namespace.body(BodyDigest(id, id)), namespace.generation(.all),
            namespace.generation(.catalogue), namespace.generation(.owner(id)), namespace.probe(id), namespace.news,
        ]
        #expect(keys.filter { !$0.name.hasPrefix("larder:{team-a.000000000000abcd.1}:") }.isEmpty)
        #expect(Set(keys).count == keys.count)
        #expect(namespace.record(id).name.hasSuffix(":c:00000000000000010000000000000002"))
        #expect(try Namespace(prefix: "team-a", upstream: 1).record(id) != namespace.record(id))
        #expect(try Namespace(prefix: "team-b", upstream: 0xABCD).record(id) != namespace.record(id))
    }

    @Test(
        arguments: [
            ("", .isEmpty), ("a{b", .hasBadByte(0x7b)), ("a}b", .hasBadByte(0x7d)), ("a b", .hasBadByte(0x20)),
            ("a:b", .hasBadByte(0x3a)), ("ä", .hasBadByte(0xc3)), (String(repeating: "a", count: 65), .isTooLong(65)),
        ] as [(String, Namespace.PrefixProblem)])
    func `a prefix that would break the hash tag is refused`(prefix: String, problem: Namespace.PrefixProblem) {
        #expect(throws: problem) { try Namespace(prefix: prefix, upstream: 1) }
        #expect(problem.description.contains("fleet.namespace"))
    }

    @Test(
        arguments: [
            ("MOVED 3999 127.0.0.1:6381", .moved(to: "127.0.0.1:6381")), ("MOVED 3999 :6381", .other("MOVED")),
            ("MOVED", .other("MOVED")), ("READONLY You can't write against a read only replica.", .readOnly),
            ("LOADING Redis is loading the dataset in memory", .loading), ("OOM command not allowed", .outOfMemory),
            ("NOAUTH Authentication required.", .unauthorized),
            ("WRONGPASS invalid username-password pair", .unauthorized),
            ("NOPERM this user has no permissions", .forbidden), ("CLUSTERDOWN The cluster is down", .clusterDown),
            ("ASK 3999 127.0.0.1:6381", .asked(to: "127.0.0.1:6381")),
            ("MISCONF Redis is configured to save RDB snapshots", .cannotSave),
            ("MASTERDOWN Link with MASTER is down", .clusterDown), ("ERR unknown command 'secret'", .other("ERR")),
            ("", .other("")),
        ] as [(String, EngineError)])
    func `an error reply is known by its first word and quotes nothing else`(line: String, error: EngineError) {
        #expect(EngineError(line: line) == error)
        #expect(!EngineError(line: line).description.contains("secret"))
    }

    @Test func `an unknown error's word is short and printable`() {
        #expect(EngineError(line: String(repeating: "E", count: 99)) == .other(String(repeating: "E", count: 32)))
        #expect(EngineError(line: "A\u{1b}[31mB x") == .other("A[31mB"))
    }
}
