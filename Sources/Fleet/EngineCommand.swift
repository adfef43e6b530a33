import Bytes

/// A command to the engine. Each touches one key, and each that writes says when the key expires.
package enum EngineCommand: Equatable, Sendable {
    /// `GET`: bytes, or nothing.
    case get(EngineKey)
    /// `PTTL`: the milliseconds until the key expires; negative if there is none.
    case remaining(EngineKey)
    /// `SET ... PX`, with `NX` if `onlyIfAbsent`: done, or nothing if the key was there.
    case set(EngineKey, [UInt8], milliseconds: UInt64, onlyIfAbsent: Bool)
    /// `PEXPIRE`: 1 if the key is there, else 0.
    case expire(EngineKey, milliseconds: UInt64)
    /// `DEL`: how many keys were there.
    case delete(EngineKey)
    /// `WATCH`: the next transaction on this connection does nothing if the key has changed by then.
    case watch(EngineKey)
    /// `UNWATCH`.
    case unwatch
    /// `MULTI`, these commands and `EXEC`. One reply, that of `EXEC`: a list, or nothing if a watched key has changed.
    case transaction([EngineCommand])
    /// `PUBLISH` on the fleet's channel: how many subscribers got it.
    case publish([UInt8])
}

/// A reply of the engine.
package indirect enum EngineReply: Equatable, Sendable {
    /// `+OK`.
    case done
    /// A nil reply.
    case nothing
    case bytes([UInt8])
    case number(Int64)
    case list([EngineReply])
    case failure(EngineError)
}

/// An error reply of the engine.
package enum EngineError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The key's slot is on another node, `host:port`.
    case moved(to: String)
    /// The key is being moved to another node, `host:port`, and is there already if it exists.
    case asked(to: String)
    /// The node is a replica: the master is another one now.
    case readOnly
    /// The engine reads its data from disk.
    case loading
    /// `maxmemory` is reached.
    case outOfMemory
    /// It asks for a password, or does not accept this one.
    case unauthorized
    /// The ACL forbids the command.
    case forbidden
    /// The cluster has no node for the key.
    case clusterDown
    /// It refuses writes because it cannot save its data.
    case cannotSave
    /// Any other; its first word alone, since the rest may quote arguments.
    case other(String)

    /// Reads the line of an error reply, without the leading `-`.
    package init(line: String) {
        let words = line.split(separator: " ", omittingEmptySubsequences: true)
        switch words.first {
        case "MOVED" where words.count >= 3 && !words[2].hasPrefix(":"): self = .moved(to: String(words[2]))
        case "ASK" where words.count >= 3 && !words[2].hasPrefix(":"): self = .asked(to: String(words[2]))
        case "READONLY": self = .readOnly
        case "LOADING": self = .loading
        case "OOM": self = .outOfMemory
        case "NOAUTH", "WRONGPASS": self = .unauthorized
        case "NOPERM": self = .forbidden
        case "CLUSTERDOWN", "MASTERDOWN": self = .clusterDown
        case "MISCONF": self = .cannotSave
        case let word?:
            self = .other(String(String.UnicodeScalarView(word.unicodeScalars.prefix(32).filter(Self.isPlain))))
        case nil: self = .other("")
        }
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool { scalar.value > 0x20 && scalar.value < 0x7f }

    package var description: String {
        switch self {
        case .moved(let node): "its keys are on \(node)"
        case .asked(let node): "its keys are being moved to \(node)"
        case .readOnly: "it is read-only"
        case .loading: "it is still loading its data"
        case .outOfMemory: "its memory is full"
        case .unauthorized: "it does not accept the password"
        case .forbidden: "its ACL forbids a command"
        case .clusterDown: "its cluster is down"
        case .cannotSave: "it refuses writes because it cannot save its data"
        case .other(let word): "it answered \(word.isEmpty ? "an error" : word)"
        }
    }
}

/// The part of the engine's key space that one fleet uses.
///
/// It contains the digest of the upstream URL and the schema's version, so that two upstreams or two releases with different
/// records never read each other's copies. The braces make it one hash tag: a cluster keeps all keys on one node.
package struct Namespace: Hashable, Sendable {
    /// What stands between the braces.
    package let name: String

    /// The longest prefix, in bytes.
    package static let longestPrefix = 64

    /// Why a prefix cannot be used.
    package enum PrefixProblem: Error, Equatable, CustomStringConvertible {
        case isEmpty
        case isTooLong(Int)
        case hasBadByte(UInt8)

        package var description: String {
            switch self {
            case .isEmpty: "fleet.namespace is empty"
            case .isTooLong(let count): "fleet.namespace has \(count) bytes, more than \(Namespace.longestPrefix)"
            case .hasBadByte(let byte):
                "fleet.namespace has the byte 0x\(String(byte, radix: 16)): letters, digits, `-`, `_` and `.` are allowed"
            }
        }
    }

    /// `prefix` is `fleet.namespace`; `upstream` is the first half of the digest of the upstream URL.
    package init(prefix: String, upstream: UInt64) throws(PrefixProblem) {
        guard !prefix.isEmpty else { throw .isEmpty }
        guard prefix.utf8.count <= Self.longestPrefix else { throw .isTooLong(prefix.utf8.count) }
        for byte in prefix.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                break
            default: throw .hasBadByte(byte)
            }
        }
        name = "\(prefix).\(hexText(upstream)).\(CopyRecord.schema)"
    }

    private func key(_ rest: String) -> EngineKey { EngineKey(name: "larder:{\(name)}:\(rest)") }

    /// The record of a copy.
    package func record(_ resource: Identifier) -> EngineKey { key("c:\(resource.hex)") }
    /// A body.
    package func body(_ digest: BodyDigest) -> EngineKey { key("b:\(digest.hex)") }
    /// The lease to fetch a resource.
    package func lease(_ resource: Identifier) -> EngineKey { key("l:\(resource.hex)") }
    /// A generation.
    package func generation(_ scope: Scope) -> EngineKey {
        switch scope {
        case .all: key("g:all")
        case .catalogue: key("g:catalogue")
        case .owner(let owner): key("g:\(owner.hex)")
        case .withdrawals: key("g:withdrawals")
        }
    }
    /// What a member writes to see whether the engine accepts writes.
    package func probe(_ member: Identifier) -> EngineKey { key("p:\(member.hex)") }
    /// The one channel.
    package var news: EngineKey { key("news") }
}

/// The name of a key, or of the channel.
package struct EngineKey: Hashable, Sendable {
    package let name: String

    package init(name: String) { self.name = name }
}

/// The cryptography of a fleet, under the secret that all replicas have. It is given from outside, since a C library
/// does it.
package protocol Sealing: Sendable {
    /// Makes bytes that only a replica with the secret could have made, and only for this key. What is private is encrypted.
    func seal(_ bytes: [UInt8], for key: EngineKey) -> [UInt8]

    /// What was sealed for this key; nil if these bytes were not.
    func open(_ bytes: [UInt8], for key: EngineKey) -> [UInt8]?

    /// A body as the engine keeps it, and its digest. A private body is encrypted, and its digest keyed.
    func sealBody(_ bytes: [UInt8], isPrivate: Bool) -> (digest: BodyDigest, bytes: [UInt8])

    /// The body with this digest; nil if these bytes are not it.
    func openBody(_ bytes: [UInt8], digest: BodyDigest, isPrivate: Bool) -> [UInt8]?
}

/// What sealing adds to the length of bytes at most.
let longestSeal = 64
