import Bytes
import Testing

@testable import Store

/// Statements that are compiled once and used again and again.
@Suite struct StatementTests {
    private static func connection() throws -> Connection {
        // Read, write and create, in memory.
        let connection = try Connection(uri: ":memory:", flags: 6)
        try connection.run("CREATE TABLE pair(name TEXT PRIMARY KEY NOT NULL, bytes BLOB)")
        return connection
    }

    private static func insert(_ name: String, _ bytes: SharedBytes?, _ connection: Connection) throws {
        var statement = try connection.prepare("INSERT INTO pair(name, bytes) VALUES(?, ?)")
        try statement.bind(name)
        if let bytes { try statement.bind(bytes) }
        try statement.run()
    }

    /// The names and the numbers of bytes, -1 for NULL.
    private static func pairs(_ connection: Connection) throws -> [String] {
        let statement = try connection.prepare("SELECT name, ifnull(length(bytes), -1) FROM pair ORDER BY name")
        var pairs: [String] = []
        while try statement.step() { pairs.append("\(try statement.text(0)) \(try statement.integer(1))") }
        return pairs
    }

    @Test func `a statement has no value of an earlier use`() throws {
        let connection = try Self.connection()
        weak var kept: SharedBytes?
        do {
            let bytes = SharedBytes([1, 2, 3])
            kept = bytes
            try Self.insert("a", bytes, connection)
        }
        #expect(kept == nil)
        try Self.insert("b", nil, connection)
        try Self.insert("c", SharedBytes([4]), connection)
        #expect(try Self.pairs(connection) == ["a 3", "b -1", "c 1"])
        #expect(try Self.pairs(connection) == ["a 3", "b -1", "c 1"])
    }

    @Test func `one that has failed, or was left in the middle, begins anew`() throws {
        let connection = try Self.connection()
        try Self.insert("a", nil, connection)
        #expect(throws: DatabaseProblem.self) { try Self.insert("a", nil, connection) }
        try Self.insert("b", nil, connection)
        func first() throws -> String {
            let statement = try connection.prepare("SELECT name FROM pair ORDER BY name")
            #expect(try statement.step())
            return try statement.text(0)
        }
        #expect(try first() == "a")
        #expect(try first() == "a")
        // Nothing that was left holds the table.
        try connection.run("DROP TABLE pair")
    }

    @Test func `two of the same text at a time do not meet`() throws {
        let connection = try Self.connection()
        for name in ["a", "b", "c"] { try Self.insert(name, nil, connection) }
        for _ in 0..<3 { #expect(try names(connection, 2) == ["a", "b", "c"]) }
    }

    /// The names, which are asked for anew in the middle of each answer, so many times deep.
    private func names(_ connection: Connection, _ depth: Int) throws -> [String] {
        let statement = try connection.prepare("SELECT name FROM pair ORDER BY name")
        var names: [String] = []
        while try statement.step() {
            names.append(try statement.text(0))
            if depth > 0 { #expect(try self.names(connection, depth - 1) == ["a", "b", "c"]) }
        }
        return names
    }

    @Test func `a statement without an end is ended, later in a larger file`() throws {
        let connection = try Self.connection()
        // Some 170 thousand steps.
        let count: StaticString =
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 10000) SELECT count(*) FROM c"
        #expect(try connection.number(count) == 10_000)
        connection.fullPatience = 3
        #expect(throws: DatabaseProblem.self) { try connection.number(count) }
        #expect(connection.hasLostPatience)
        connection.fullPatience = 300
        #expect(try connection.number(count) == 10_000)
        #expect(!connection.hasLostPatience)
        #expect(Connection.patience(pages: 3) == Connection.patience(pages: 0))
        #expect(Connection.patience(pages: 1_000_000) == 1_000_000)
    }

    @Test func `a changed schema is noticed`() throws {
        let connection = try Self.connection()
        try Self.insert("a", nil, connection)
        #expect(try Self.pairs(connection) == ["a -1"])
        try connection.run("ALTER TABLE pair ADD COLUMN more INTEGER")
        try Self.insert("b", nil, connection)
        #expect(try Self.pairs(connection) == ["a -1", "b -1"])
    }
}
