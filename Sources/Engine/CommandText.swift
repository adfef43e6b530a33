import Bytes
internal import CHiredis
import Fleet

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
