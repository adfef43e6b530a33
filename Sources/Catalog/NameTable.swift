/// Numbers for the distinct names of a column: a query looks each of its names up once, and rows are compared by number.
struct NameTable: Sendable {
    /// The names, each at its number.
    private(set) var names: [[UInt8]] = []
    private var numbers: [[UInt8]: Int] = [:]

    /// The number of a name, which is entered if it is new.
    mutating func intern(_ name: [UInt8]) -> Int {
        if let number = numbers[name] { return number }
        numbers[name] = names.count
        names.append(name)
        return names.count - 1
    }

    /// The number of a name, or nil if no row has it.
    func number(of name: [UInt8]) -> Int? { numbers[name] }
}

/// For each row, the set of its names as bits, so many words a row as the number of distinct names asks for.
struct NameSets: Sendable {
    /// The numbers of all names that occur.
    let table: NameTable
    private let words: Int
    private let bits: [UInt64]

    /// `pause` is called for each row.
    init(_ rows: [[String]], pausing pause: () -> Void) {
        var table = NameTable()
        let numbers = rows.map { row in
            pause()
            return row.map { table.intern(Array($0.utf8)) }
        }
        let words = (table.names.count + 63) / 64
        var bits = [UInt64](repeating: 0, count: words * rows.count)
        for (row, list) in numbers.enumerated() {
            for number in list { bits[row * words + number / 64] |= 1 << UInt64(number % 64) }
        }
        self.table = table
        self.words = words
        self.bits = bits
    }

    /// Whether the set of a row has the name of that number.
    @inline(__always)
    func contains(_ row: Int, _ number: Int) -> Bool {
        bits[row * words + number / 64] >> UInt64(number % 64) & 1 == 1
    }
}
