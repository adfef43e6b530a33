import Engine
import Fleet
import TestSupport

/// Reads bytes as a connection to a fleet's engine does, in one piece and cut at many places: the replies must be the same,
/// and what is in them is read strictly.
public enum ReplyCheck {
    /// What is wrong, or nil.
    public static func fault(in input: [UInt8]) -> String? {
        let whole = read(input, pieces: [])
        for reply in whole.replies { if let fault = fault(of: reply) { return fault } }
        for pieces in SeededGenerator.cuts(of: input) {
            let cut = read(input, pieces: pieces)
            // Where there are several problems, which one is found first depends on the pieces.
            if cut.replies != whole.replies || cut.isBroken != whole.isBroken {
                return "in one piece: \(whole)\ncut into \(pieces): \(cut)"
            }
        }
        return nil
    }

    private static func read(_ input: [UInt8], pieces: [Int]) -> (replies: [EngineReply], isBroken: Bool) {
        let reader = ReplyReader(longest: 1_024)
        var replies: [EngineReply] = []
        var rest = input[...]
        do throws(ReplyProblem) {
            for piece in pieces + [input.count] {
                reader.feed(Array(rest.prefix(piece)).span)
                rest = rest.dropFirst(piece)
                while let reply = try reader.next() { replies.append(reply) }
            }
        } catch {
            return (replies, true)
        }
        return (replies, false)
    }

    /// A value that can be read is written back as it was.
    private static func fault(of reply: EngineReply) -> String? {
        switch reply {
        case .list(let parts): parts.lazy.compactMap { fault(of: $0) }.first
        case .bytes(let bytes):
            if let record = try? CopyRecord(decoding: bytes), record.encoded() != bytes {
                "another record: \(record)"
            } else if let news = try? News(decoding: bytes), news.encoded() != bytes {
                "another message: \(news)"
            } else if let generation = try? Generation(decoding: bytes), generation.encoded != bytes {
                "another generation: \(generation)"
            } else {
                nil
            }
        case .done, .nothing, .number, .failure: nil
        }
    }
}
