import Bytes
internal import CSQLite
import Threads

/// A compiled statement, with the values bound to it. At its end, the connection keeps what was compiled.
@safe struct Statement: ~Copyable {
    private let raw: OpaquePointer
    private let name: UnsafeRawPointer
    private let connection: Connection
    /// Bound blobs are not copied, so they must live as long as the statement.
    private var bound: [SharedBytes] = []
    private var parameters: Int32 = 0

    /// Takes over a statement of the connection, which knows it by `name`.
    @unsafe init(_ raw: OpaquePointer, _ name: UnsafeRawPointer, of connection: Connection) {
        unsafe self.raw = raw
        unsafe self.name = name
        self.connection = connection
    }

    deinit { unsafe connection.keep(raw, name) }

    /// Binds the next parameter to a text.
    mutating func bind(_ text: String) throws(DatabaseProblem) {
        parameters += 1
        var text = text
        let index = parameters
        let code = text.withUTF8 { bytes in
            // A null pointer would bind NULL, and not the text without a byte.
            let start = unsafe UnsafeRawPointer(bytes.baseAddress ?? noText.utf8Start)
            return unsafe shim_bind_text(raw, index, start.assumingMemoryBound(to: CChar.self), UInt64(bytes.count))
        }
        try check(code)
    }

    /// Binds the next parameter to a blob.
    mutating func bind(_ bytes: SharedBytes) throws(DatabaseProblem) {
        parameters += 1
        bound.append(bytes)
        try check(unsafe shim_bind_blob(raw, parameters, bytes.address, UInt64(bytes.count)))
    }

    /// Binds the next parameter to a blob, or to NULL.
    mutating func bind(_ bytes: [UInt8]?) throws(DatabaseProblem) {
        // What is not bound is NULL.
        if let bytes { try bind(SharedBytes(bytes)) } else { parameters += 1 }
    }

    /// Binds the next parameter to a number, or to NULL.
    mutating func bind(_ number: Int64?) throws(DatabaseProblem) {
        parameters += 1
        if let number { try check(unsafe sqlite3_bind_int64(raw, parameters, number)) }
    }

    private func check(_ code: Int32) throws(DatabaseProblem) {
        guard code == SQLITE_OK else { throw connection.problem(code, during: "bind a value") }
    }

    /// Moves to the next row; false if there is none.
    func step() throws(DatabaseProblem) -> Bool {
        switch unsafe sqlite3_step(raw) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw connection.problem(code, during: "run a statement")
        }
    }

    /// Runs a statement that has no rows, to its end.
    func run() throws(DatabaseProblem) {
        while try step() {}
        Throttle.pauseIfNeeded()
    }

    /// The text of a column, counted from 0.
    func text(_ column: Int32) throws(DatabaseProblem) -> String {
        try expect(SQLITE_TEXT, in: column)
        let start = unsafe sqlite3_column_text(raw, column)
        let count = unsafe Int(sqlite3_column_bytes(raw, column))
        guard let start = unsafe start else { throw .unavailable("out of memory") }
        guard let text = unsafe String(validating: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
        else {
            throw .damaged("a text is not UTF-8")
        }
        return text
    }

    /// The blob of a column.
    func blob(_ column: Int32) throws(DatabaseProblem) -> SharedBytes {
        try expect(SQLITE_BLOB, in: column)
        let start = unsafe sqlite3_column_blob(raw, column)
        let count = unsafe Int(sqlite3_column_bytes(raw, column))
        if count == 0 { return .empty }
        guard let start = unsafe start else { throw .unavailable("out of memory") }
        let bytes = unsafe UnsafeBufferPointer(start: start.assumingMemoryBound(to: UInt8.self), count: count)
        return unsafe SharedBytes(copying: Span(_unsafeElements: bytes))
    }

    /// The blob of a column, as an array.
    func bytes(_ column: Int32) throws(DatabaseProblem) -> [UInt8] {
        let blob = try blob(column)
        return blob.span.copied()
    }

    /// The number in a column.
    func integer(_ column: Int32) throws(DatabaseProblem) -> Int64 {
        try expect(SQLITE_INTEGER, in: column)
        return unsafe sqlite3_column_int64(raw, column)
    }

    /// Whether a column is NULL.
    func isNull(_ column: Int32) -> Bool { unsafe sqlite3_column_type(raw, column) == SQLITE_NULL }

    /// Every column that is read has one type only. Another type means that the file is damaged.
    private func expect(_ type: Int32, in column: Int32) throws(DatabaseProblem) {
        guard unsafe sqlite3_column_type(raw, column) == type else { throw .damaged("a value has the wrong type") }
    }
}

private let noText: StaticString = ""
