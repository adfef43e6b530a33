import Catalog
import TestSupport

/// The same query answered by the plainly written implementation that the tests share, which takes only what is spelled
/// plainly itself.
extension QueryCheck {
    /// What the reference says otherwise than `selection`, or nil.
    static func disagreement(on input: [UInt8], _ selection: Selection, next: [UInt8]?) -> String? {
        guard isPlain(input) else { return nil }
        let answer = SmallCatalogue.reference.answer(String(decoding: input, as: UTF8.self), now: Int(now))
        let link = next.map { "/api/v1/models?" + String(decoding: $0, as: UTF8.self) }
        if answer.rows == selection.rows.map(Int.init), answer.total == selection.totalCount, answer.next == link {
            return nil
        }
        return
            "the reference has \(answer), and this is \(selection.rows) of \(selection.totalCount), next \(link ?? "-")"
    }

    /// Whether nothing is encoded, and every number is a short one of digits with at most a point between them.
    private static func isPlain(_ input: [UInt8]) -> Bool {
        guard input.allSatisfy(isUnreserved) else { return false }
        return input.split(separator: UInt8(ascii: "&")).allSatisfy { pair in
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(decoding: parts[0], as: UTF8.self)
            guard parts.count == 2, !parts[1].isEmpty, !texts.contains(name) else { return true }
            return isNumber(Array(parts[1]), longest: name.hasSuffix("price") ? 30 : 12)
        }
    }

    private static let texts: Set<String> = [
        "output_modalities", "input_modalities", "supported_parameters", "q", "arch", "model_authors", "sort",
    ]

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: Array("-._~,&=:/".utf8).contains(byte)
        }
    }

    private static func isNumber(_ value: [UInt8], longest: Int) -> Bool {
        let parts = value.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return value.count <= longest && parts.count <= 2
            && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0 &- UInt8(ascii: "0") < 10 } }
    }
}
