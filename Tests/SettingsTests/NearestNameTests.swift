import Bytes
import Testing

@testable import Settings

@Suite("The nearest name")
struct NearestNameTests {
    @Test(
        "A slip of the pen is recognized",
        arguments: [
            ("ttl.catalogue", "ttl.catalog"), ("ttl.catlog", "ttl.catalog"), ("TTL.Catalog", "ttl.catalog"),
            ("upstream.connect-timeout", "upstream.connect_timeout"), ("worker", "workers"), ("listn", "listen"),
            ("server.timeout", "server.body_timeout"), ("ttl_catalog", "ttl.catalog"),
        ])
    func recognizes(name: String, expected: String) {
        #expect(NearestName.find(name, among: SettingsTable.all.map(\.name)) == expected)
    }

    @Test("What resembles nothing is left alone", arguments: ["x", "quux", "", "a-wholly-different-matter"])
    func leavesAlone(name: String) {
        #expect(NearestName.find(name, among: SettingsTable.all.map(\.name)) == nil)
    }

    @Test(
        "The distance counts the letters that differ",
        arguments: [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("kitten", "sitting", 3)])
    func distance(left: String, right: String, expected: Int) {
        #expect(NearestName.distance(left, right) == expected)
    }
}
