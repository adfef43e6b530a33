import Bytes

extension Database {
    /// One record, or nil.
    func read(_ key: RecordKey) throws(DatabaseProblem) -> StoredRecord? {
        var statement = try connection.prepare(
            """
            SELECT fields, response.digest, expires, stored, bytes FROM response LEFT JOIN body USING(digest)
            WHERE resource = ? AND owner = ?
            """)
        try statement.bind(key.resource)
        try statement.bind(key.owner)
        guard try statement.step() else { return nil }
        if statement.isNull(4) { throw .damaged("a body is missing") }
        return StoredRecord(
            key: key, fields: try statement.blob(0), digest: try statement.bytes(1),
            body: try statement.blob(4), expires: try statement.integer(2), stored: try statement.integer(3))
    }

    /// Every record, the newest first.
    func list() throws(DatabaseProblem) -> [KeptRecord] {
        let statement = try connection.prepare(
            """
            SELECT resource, owner, stored, length(fields) + ifnull(length(bytes), 0)
            FROM response LEFT JOIN body USING(digest) ORDER BY stored DESC, resource, owner
            """)
        var kept: [KeptRecord] = []
        while try statement.step() {
            let key = RecordKey(resource: try statement.text(0), owner: try statement.bytes(1))
            kept.append(KeptRecord(key: key, stored: try statement.integer(2), bytes: Int(try statement.integer(3))))
        }
        return kept
    }

    /// The bytes of a note, or nil.
    func note(_ name: String) throws(DatabaseProblem) -> SharedBytes? { try connection.note(name) }

    /// The caller's notes.
    func notes() throws(DatabaseProblem) -> [Note] {
        let statement = try connection.prepare("SELECT name, bytes FROM note WHERE name NOT LIKE 'store.%'")
        var notes: [Note] = []
        while try statement.step() { notes.append(Note(name: try statement.text(0), bytes: try statement.blob(1))) }
        return notes
    }
}
