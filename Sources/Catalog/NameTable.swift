import Bytes

/// Numbers for the distinct names of a column: a query looks each of its names up once, and rows are compared by number.
struct NameTable: Sendable {
    /// The names, each at its number.
    private(set) var names: [[UInt8]] = []
    /// Numbers by the hash of the name; another name with the same hash is under the next free key. Hashing the bytes
    /// one by one, as an array key would, took ten times as long.
    private var numbers: [UInt64: Int] = [:]

    /// The number of a name, which is added if it is new.
    mutating func intern(_ name: Span<UInt8>) -> Int {
        let (key, known) = find(name)
        if let known { return known }
        numbers[key] = names.count
        names.append(name.copied())
        return names.count - 1
    }

    /// The number of a name, or nil if no row has it.
    func number(of name: [UInt8]) -> Int? { find(name.span).number }

    /// The number of a name, and the key under which it is or would be stored.
    private func find(_ name: Span<UInt8>) -> (key: UInt64, number: Int?) {
        var key = name.hash64()
        while let number = numbers[key] {
            let known = names[number]
            if known.span.equals(name) { return (key, number) }
            key &+= 1
        }
        return (key, nil)
    }
}

/// For each row, the set of its names as bits. The number of words per row depends on the number of distinct names.
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
            return row.map { table.intern($0.utf8.span) }
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
