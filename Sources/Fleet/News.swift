/// A message on the fleet's channel. It is sealed like a record, so only a replica can have written it.
package enum News: Equatable, Sendable {
    /// A copy was stored.
    case stored(Identifier)
    /// The fetch under this lease has failed; upstream is not asked for this many milliseconds.
    case failed(Identifier, token: LeaseToken, pause: UInt32)
    /// The fetch under this lease has brought nothing to share. `fetchAlone`: nor will the next one.
    case ended(Identifier, token: LeaseToken, fetchAlone: Bool)
    /// The copy may no longer be shared or kept. The withdrawals of a fleet are numbered, so that a member notices that it
    /// has missed one: this is the one after `previous`. Both are 0 if the engine did not take the number.
    case withdrawn(Identifier, number: UInt64, previous: UInt64)
    /// A scope has a new generation: it was purged, or its owner was refused. The member asks for confirmations.
    case raised(Scope, Generation, by: Identifier)
    /// A member holds nothing older than this generation.
    case confirmed(Scope, Generation, by: Identifier)

    /// The longest message.
    package static let longest = 128

    /// The longest pause that a message may ask for, in milliseconds: an hour, as for `Retry-After`.
    package static let longestPause: UInt32 = 3_600_000

    /// The message as bytes.
    package func encoded() -> [UInt8] {
        var writer = WireWriter(mark: .news)
        switch self {
        case .stored(let id):
            writer.byte(0)
            writer.identifier(id)
        case .failed(let id, let token, let pause):
            writer.byte(1)
            writer.identifier(id)
            token.write(to: &writer)
            writer.number(min(pause, Self.longestPause))
        case .ended(let id, let token, let fetchAlone):
            writer.byte(2)
            writer.identifier(id)
            token.write(to: &writer)
            writer.byte(fetchAlone ? 1 : 0)
        case .withdrawn(let id, let number, let previous):
            writer.byte(3)
            writer.identifier(id)
            writer.number(number)
            writer.number(previous)
        case .raised(let scope, let generation, let member), .confirmed(let scope, let generation, let member):
            if case .raised = self { writer.byte(4) } else { writer.byte(5) }
            scope.write(to: &writer)
            generation.write(to: &writer)
            writer.identifier(member)
        }
        return writer.bytes
    }

    /// Reads a message, as strictly as a record.
    package init(decoding bytes: [UInt8]) throws(WireProblem) {
        var reader = try WireReader(bytes, mark: .news, atMost: Self.longest, "the message")
        let kind = try reader.byte("the kind")
        switch kind {
        case 0: self = .stored(try reader.identifier("the resource"))
        case 1:
            let id = try reader.identifier("the resource")
            let token = try LeaseToken(from: &reader)
            let pause: UInt32 = try reader.number("the pause")
            guard pause <= Self.longestPause else { throw .badValue(field: "the pause") }
            self = .failed(id, token: token, pause: pause)
        case 2:
            let id = try reader.identifier("the resource")
            let token = try LeaseToken(from: &reader)
            self = .ended(id, token: token, fetchAlone: try reader.flag("the flag"))
        case 3:
            let id = try reader.identifier("the resource")
            let number: UInt64 = try reader.number("the number")
            let previous: UInt64 = try reader.number("the number")
            guard number < Generation.largest, previous < number || number == 0 && previous == 0 else {
                throw .badValue(field: "the number")
            }
            self = .withdrawn(id, number: number, previous: previous)
        case 4, 5:
            let scope = try Scope(from: &reader)
            let generation = try Generation(from: &reader)
            let member = try reader.identifier("the member")
            self = kind == 4 ? .raised(scope, generation, by: member) : .confirmed(scope, generation, by: member)
        default: throw .badValue(field: "the kind")
        }
        try reader.end()
    }
}

/// What the holder of a lease writes as its value: the member and a number that it uses once.
package struct LeaseToken: Hashable, Sendable {
    package let member: Identifier
    package let serial: UInt64

    package init(member: Identifier, serial: UInt64) {
        self.member = member
        self.serial = serial
    }

    func write(to writer: inout WireWriter) {
        writer.identifier(member)
        writer.number(serial)
    }

    init(from reader: inout WireReader) throws(WireProblem) {
        member = try reader.identifier("the token")
        serial = try reader.number("the token")
    }

    /// The value of a lease's key.
    package var encoded: [UInt8] { WireWriter.bytes(write) }

    /// The token in a lease's key; nil if it is none.
    package init?(decoding bytes: [UInt8]) {
        guard let token = try? WireReader.whole(bytes, LeaseToken.init(from:)) else { return nil }
        self = token
    }
}

extension Scope {
    func write(to writer: inout WireWriter) {
        switch self {
        case .all: writer.byte(0)
        case .catalogue: writer.byte(1)
        case .owner(let owner):
            writer.byte(2)
            writer.identifier(owner)
        case .withdrawals: writer.byte(3)
        }
    }

    init(from reader: inout WireReader) throws(WireProblem) {
        switch try reader.byte("the scope") {
        case 0: self = .all
        case 1: self = .catalogue
        case 2: self = .owner(try reader.identifier("the scope"))
        case 3: self = .withdrawals
        default: throw .badValue(field: "the scope")
        }
    }
}
