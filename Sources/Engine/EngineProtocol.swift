import Bytes
internal import CHiredis
package import Fleet

// Commands as the engine reads them.
extension ByteBuilder {
    /// Appends a command, as hiredis formats it. `words` is not empty.
    mutating func append(command words: [[UInt8]]) {
        var target: UnsafeMutablePointer<CChar>?
        let joined = words.flatMap { $0 }
        let sizes = words.map(\.count)
        let count = unsafe joined.withUnsafeBytes { room in
            // A word of no bytes needs an address too.
            var empty: CChar = 0
            return unsafe withUnsafePointer(to: &empty) { nowhere in
                var at = unsafe room.baseAddress?.assumingMemoryBound(to: CChar.self) ?? nowhere
                var starts: [UnsafePointer<CChar>?] = unsafe []
                for size in sizes {
                    unsafe starts.append(at)
                    unsafe at += size
                }
                return unsafe redisFormatCommandArgv(&target, Int32(words.count), &starts, sizes)
            }
        }
        guard let target = unsafe target, count > 0 else { preconditionFailure("no memory for a command") }
        append(
            unsafe Span(_unsafeStart: UnsafeRawPointer(target).assumingMemoryBound(to: UInt8.self), count: Int(count)))
        unsafe redisFreeCommand(target)
    }

    /// Appends a command of the fleet; a transaction as `MULTI`, its commands and `EXEC`.
    mutating func append(_ command: EngineCommand, channel: EngineKey) {
        if case .transaction(let commands) = command {
            append(command: [bytes("MULTI")])
            for command in commands { append(command: command.words(channel)) }
            return append(command: [bytes("EXEC")])
        }
        append(command: command.words(channel))
    }
}

extension EngineCommand {
    /// The words of every command but a transaction.
    fileprivate func words(_ channel: EngineKey) -> [[UInt8]] {
        switch self {
        case .get(let key): return [bytes("GET"), bytes(key.name)]
        case .remaining(let key): return [bytes("PTTL"), bytes(key.name)]
        case .set(let key, let value, let milliseconds, let onlyIfAbsent):
            let words = [bytes("SET"), bytes(key.name), value, bytes("PX"), bytes(String(milliseconds))]
            return onlyIfAbsent ? words + [bytes("NX")] : words
        case .expire(let key, let milliseconds):
            return [bytes("PEXPIRE"), bytes(key.name), bytes(String(milliseconds))]
        case .delete(let key): return [bytes("DEL"), bytes(key.name)]
        case .watch(let key): return [bytes("WATCH"), bytes(key.name)]
        case .unwatch: return [bytes("UNWATCH")]
        case .publish(let message): return [bytes("PUBLISH"), bytes(channel.name), message]
        case .transaction: preconditionFailure("a transaction within a transaction")
        }
    }

    /// How many replies the engine sends.
    var replyCount: Int {
        if case .transaction(let commands) = self { commands.count + 2 } else { 1 }
    }
}

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// Why bytes are no replies.
package enum ReplyProblem: Error, Equatable {
    /// They are not of the protocol, or an array is too large or too deep.
    case malformed
    /// A reply is larger than the limit.
    case tooLarge
}

/// Reads replies with hiredis' reader, as they arrive.
///
/// What an engine says about lengths is not trusted: no memory is allocated for more than has arrived.
@safe package final class ReplyReader {
    /// The longest reply, in bytes as they arrive.
    private let longest: Int
    private let raw: UnsafeMutablePointer<redisReader>
    /// How it makes objects; the reader points to this.
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    /// The bytes of the reply that is not complete.
    private var pending = 0
    private var problem: ReplyProblem?

    /// A reader that refuses replies of more bytes.
    package init(longest: Int) {
        self.longest = longest
        unsafe functions = .allocate(capacity: 1)
        guard let raw = unsafe shim_reader(functions) else { preconditionFailure("no memory for a reader") }
        unsafe self.raw = raw
    }

    deinit {
        unsafe redisReaderFree(raw)
        unsafe functions.deallocate()
    }

    /// Adds bytes that have arrived.
    package func feed(_ bytes: Span<UInt8>) {
        guard problem == nil else { return }
        pending += bytes.count
        let code = unsafe bytes.withUnsafeBytes { source in
            unsafe redisReaderFeed(raw, source.baseAddress?.assumingMemoryBound(to: CChar.self), source.count)
        }
        if code != REDIS_OK { problem = .malformed }
    }

    /// The next reply; nil until more has arrived. After a problem it throws that again.
    package func next() throws(ReplyProblem) -> EngineReply? {
        if let problem { throw problem }
        var reply: UnsafeMutableRawPointer?
        guard unsafe redisReaderGetReply(raw, &reply) == REDIS_OK else { throw fail(.malformed) }
        guard let reply = unsafe reply else {
            if pending > longest { throw fail(.tooLarge) }
            return nil
        }
        defer { unsafe freeReplyObject(reply) }
        let left = unsafe raw.pointee.len - raw.pointee.pos
        let size = pending - left
        pending = left
        if size > longest { throw fail(.tooLarge) }
        guard let value = unsafe value(reply.assumingMemoryBound(to: redisReply.self)) else { throw fail(.malformed) }
        return value
    }

    private func fail(_ problem: ReplyProblem) -> ReplyProblem {
        self.problem = problem
        return problem
    }

    /// Nil for a type that the protocol's second version does not have.
    private func value(_ reply: UnsafePointer<redisReply>) -> EngineReply? {
        switch unsafe reply.pointee.type {
        case REDIS_REPLY_STATUS:
            let text = unsafe bytes(of: reply)
            return text == Array("OK".utf8) ? .done : .bytes(text)
        case REDIS_REPLY_STRING: return .bytes(unsafe bytes(of: reply))
        case REDIS_REPLY_ERROR:
            // The first words are what counts.
            let line = unsafe String(decoding: bytes(of: reply).prefix(512), as: UTF8.self)
            return .failure(EngineError(line: line))
        case REDIS_REPLY_INTEGER: return .number(unsafe reply.pointee.integer)
        case REDIS_REPLY_NIL: return .nothing
        case REDIS_REPLY_ARRAY:
            var list: [EngineReply] = []
            for index in 0..<Int(unsafe reply.pointee.elements) {
                guard let element = unsafe reply.pointee.element[index], let value = unsafe value(element) else {
                    return nil
                }
                list.append(value)
            }
            return .list(list)
        default: return nil
        }
    }

    private func bytes(of reply: UnsafePointer<redisReply>) -> [UInt8] {
        unsafe [UInt8](UnsafeRawBufferPointer(start: reply.pointee.str, count: Int(reply.pointee.len)))
    }
}
