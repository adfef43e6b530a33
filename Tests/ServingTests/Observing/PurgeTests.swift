import HTTPCore
import Testing

@testable import Serving

@Suite struct PurgeTests {
    @Test(
        arguments: [
            ("catalog=1", .catalog), ("all=1", .all), ("key=no%20key", .key(0)), ("key=no+key", .key(0)),
            ("key=1a2b3c4d", .key(0x1A2B_3C4D)), ("key=00000001", .key(1)),
        ] as [(String, Purge)])
    func `a query says what to remove`(query: String, expected: Purge) throws {
        #expect(try Purge(query: query) == expected)
    }

    @Test(arguments: ["key=-0000000", "key=+0000000", "key=", "key=1a2b3c4", "key=1a2b3c4d5", "key=sk-or-v1-secret"])
    func `a malformed fingerprint is refused by name, and is not repeated`(query: String) {
        let problem = #expect(throws: Problem.self) { try Purge(query: query) }
        #expect(problem?.status == .badRequest)
        #expect(
            problem?.message == "key must be a fingerprint of 8 hex digits, or no%20key for requests without a key")
    }

    @Test(arguments: ["", "catalog", "catalog=0", "all=1&catalog=1", "keys=1a2b3c4d"])
    func `any other query gets an error that names the known ones`(query: String) {
        let problem = #expect(throws: Problem.self) { try Purge(query: query) }
        #expect(problem?.message.hasPrefix("say what to purge: ") == true)
    }
}
