import Bytes

extension Connection {
    /// The text in the one row that a statement has.
    func text(_ sql: StaticString) throws(DatabaseProblem) -> String {
        let statement = try prepare(sql)
        guard try statement.step() else { throw .damaged("a row is missing") }
        return try statement.text(0)
    }

    func note(_ name: String) throws(DatabaseProblem) -> SharedBytes? {
        var statement = try prepare("SELECT bytes FROM note WHERE name = ?")
        try statement.bind(name)
        return try statement.step() ? statement.blob(0) : nil
    }

    func writeNote(_ name: String, _ bytes: SharedBytes) throws(DatabaseProblem) {
        var statement = try prepare(
            "INSERT INTO note(name, bytes) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET bytes = excluded.bytes")
        try statement.bind(name)
        try statement.bind(bytes)
        try statement.run()
    }
}
