import Bytes
internal import CHiredis
package import Fleet

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
