import Bytes

/// What is wrong with the bytes of a record, a message or a generation.
package enum WireProblem: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes end within this field.
    case truncated(field: StaticString, at: Int)
    /// They begin like nothing that Larder writes.
    case foreign
    /// Written by a release with another schema.
    case schema(UInt8)
    /// This field is longer than allowed.
    case tooLong(field: StaticString, count: Int)
    /// This field has a value that it cannot have.
    case badValue(field: StaticString)
    /// This many bytes follow the last field.
    case trailing(Int)

    package var description: String {
        switch self {
        case .truncated(let field, let at): "it ends within \(field), at byte \(at)"
        case .foreign: "it was not written by Larder"
        case .schema(let schema): "its schema is \(schema), not \(CopyRecord.schema)"
        case .tooLong(let field, let count): "\(field) has \(count) bytes, more than allowed"
        case .badValue(let field): "\(field) has an impossible value"
        case .trailing(let count): "\(count) bytes follow its end"
        }
    }

    package static func == (one: WireProblem, other: WireProblem) -> Bool { one.description == other.description }
}

/// The first bytes of what Larder writes; the schema follows them.
enum WireMark: UInt16 {
    /// `LF`
    case record = 0x4C46
    /// `LN`
    case news = 0x4C4E
    /// `LP`
    case pending = 0x4C50
    /// `LG`
    case numbers = 0x4C47
}

/// Appends fields, numbers with the highest byte first.
struct WireWriter {
    private(set) var bytes: [UInt8] = []

    /// Begins with the mark and the schema.
    init(mark: WireMark) {
        number(mark.rawValue)
        byte(CopyRecord.schema)
    }

    private init() {}

    /// The bytes of a value that has neither mark nor schema.
    static func bytes(_ write: (inout WireWriter) -> Void) -> [UInt8] {
        var writer = WireWriter()
        write(&writer)
        return writer.bytes
    }

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func number<Number: FixedWidthInteger & UnsignedInteger>(_ value: Number) {
        for shift in stride(from: Number.bitWidth - 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> Number(shift)))
        }
    }

    mutating func identifier(_ value: Identifier) {
        number(value.high)
        number(value.low)
    }

    /// Bytes with their length before them.
    mutating func text(_ value: [UInt8]) {
        number(UInt16(clamping: value.count))
        bytes.append(contentsOf: value.prefix(Int(UInt16.max)))
    }
}

/// Reads fields. Every length is checked before anything is copied.
struct WireReader {
    private let bytes: [UInt8]
    private var at = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Reads the mark and the schema. `whole` names all of it, for the error if it is too long.
    init(_ bytes: [UInt8], mark: WireMark, atMost longest: Int, _ whole: StaticString) throws(WireProblem) {
        guard bytes.count <= longest else { throw .tooLong(field: whole, count: bytes.count) }
        self.bytes = bytes
        guard try number("the mark") == mark.rawValue else { throw .foreign }
        let schema = try byte("the schema")
        guard schema == CopyRecord.schema else { throw .schema(schema) }
    }

    /// Reads a value that has neither mark nor schema, and nothing after it.
    static func whole<Value>(
        _ bytes: [UInt8], _ read: (inout WireReader) throws(WireProblem) -> Value
    ) throws(WireProblem) -> Value {
        var reader = WireReader(bytes)
        let value = try read(&reader)
        try reader.end()
        return value
    }

    private mutating func take(_ count: Int, _ field: StaticString) throws(WireProblem) -> ArraySlice<UInt8> {
        guard bytes.count - at >= count else { throw .truncated(field: field, at: bytes.count) }
        defer { at += count }
        return bytes[at..<at + count]
    }

    mutating func byte(_ field: StaticString) throws(WireProblem) -> UInt8 {
        let taken = try take(1, field)
        return taken[taken.startIndex]
    }

    mutating func number<Number: FixedWidthInteger & UnsignedInteger>(
        _ field: StaticString, as: Number.Type = Number.self
    ) throws(WireProblem) -> Number {
        var value: Number = 0
        for byte in try take(Number.bitWidth / 8, field) { value = value << 8 | Number(byte) }
        return value
    }

    mutating func identifier(_ field: StaticString) throws(WireProblem) -> Identifier {
        let high: UInt64 = try number(field)
        return Identifier(high: high, low: try number(field))
    }

    mutating func text(_ field: StaticString, atMost longest: Int) throws(WireProblem) -> [UInt8] {
        let count = Int(try number(field, as: UInt16.self))
        guard count <= longest else { throw .tooLong(field: field, count: count) }
        return Array(try take(count, field))
    }

    mutating func end() throws(WireProblem) {
        if at < bytes.count { throw .trailing(bytes.count - at) }
    }
}

/// 128 bits of a keyed digest: they stand for a resource, an owner or a replica, and give away nothing of it.
package struct Identifier: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// 32 hexadecimal digits.
    package var hex: String { hexText(high) + hexText(low) }
}

/// The digest of a body, 256 bits. The digest of a private body is keyed.
package struct BodyDigest: Hashable, Sendable {
    package let first: Identifier
    package let second: Identifier

    package init(_ first: Identifier, _ second: Identifier) {
        self.first = first
        self.second = second
    }

    /// 64 hexadecimal digits.
    package var hex: String { first.hex + second.hex }
}

/// What a fleet shares a copy of.
package struct FleetResource: Hashable, Sendable {
    /// The keyed digest of the resource and, if it is private, of its owner.
    package let id: Identifier
    /// The owner, if copies are for one key alone.
    package let owner: Identifier?
    /// Whether a purge of the catalogue concerns it.
    package let isOfCatalogue: Bool

    package init(id: Identifier, owner: Identifier? = nil, isOfCatalogue: Bool = false) {
        self.id = id
        self.owner = owner
        self.isOfCatalogue = isOfCatalogue
    }

    /// Whether a purge of `scope` concerns it.
    package func isWithin(_ scope: Scope) -> Bool {
        switch scope {
        case .all: true
        case .catalogue: isOfCatalogue
        case .owner(let owner): self.owner == owner
        case .withdrawals: true
        }
    }

    /// The scopes whose purges concern its records.
    package var scopes: [Scope] {
        var scopes = [Scope.all]
        if isOfCatalogue { scopes.append(.catalogue) }
        if let owner { scopes.append(.owner(owner)) }
        return scopes
    }
}

/// What a purge removes.
package enum Scope: Hashable, Sendable {
    /// Every copy.
    case all
    /// The catalogue and what is made of it.
    case catalogue
    /// The copies of one key: it was refused, or its copies were purged.
    case owner(Identifier)
    /// Every copy in memory: a member has missed that some copy may no longer be shared. The fleet's records stay valid.
    case withdrawals
}
