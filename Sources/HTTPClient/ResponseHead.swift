import Bytes
import HTTPCore

/// Collects the head of the final response from the lines that curl passes one by one.
///
/// curl passes the lines of every response of a transfer: a head of 1xx is followed by another, and after the body
/// there may be trailers.
struct ResponseHead {
    private enum Part { case beforeStatus, fields, complete }

    /// More than any honest server sends; curl of Debian 12 limits the single line only.
    static let maximumBytes = 256 << 10

    private(set) var status = 0
    private(set) var fields: [(name: String, value: String)] = []
    private var part = Part.beforeStatus
    private var bytes = 0
    private var isVersion1 = false
    private var isVersion10 = false

    /// Whether the final head is complete.
    var isComplete: Bool { part == .complete && status >= 200 }

    /// Whether the body ends only with the connection: HTTP/1 without a length or chunks (RFC 9112 section 6.3).
    var endsWithConnection: Bool {
        isComplete && isVersion1 && status != 204 && status != 304
            && !fields.contains { $0.name == "content-length" || $0.name == "transfer-encoding" }
    }

    /// Whether its transfer coding is anything but chunks, said once and in HTTP/1.1: the rules of `ResponseParser`,
    /// where curl is laxer. If two readers disagree on where a body ends, one of them takes the rest of it for the next
    /// response (RFC 9112 section 6.1).
    var hasForeignTransferCoding: Bool {
        guard isComplete else { return false }
        let codings = fields.filter { $0.name == "transfer-encoding" }
        guard let coding = codings.first else { return false }
        return codings.count > 1 || isVersion10 || coding.value.lowercased() != "chunked"
    }

    /// Takes a line with its line end; false if the lines have too many bytes.
    mutating func add(_ line: Span<UInt8>) -> Bool {
        bytes += line.count
        if bytes > ResponseHead.maximumBytes { return false }
        var text = line
        while text.count > 0, text[text.count - 1] == 0x0A || text[text.count - 1] == 0x0D {
            text = text.extracting(droppingLast: 1)
        }
        switch part {
        case .complete where status >= 200:
            // A trailer: it arrives too late to be checked against the body.
            return true
        case .beforeStatus, .complete:
            status = statusCode(text)
            isVersion1 = text.starts(with: "HTTP/1")
            isVersion10 = text.starts(with: "HTTP/1.0")
            fields = []
            part = .fields
        case .fields where text.isEmpty: part = .complete
        case .fields: addField(text)
        }
        return true
    }

    private mutating func addField(_ line: Span<UInt8>) {
        if line[0] == 0x20 || line[0] == 0x09 {
            // A folded line continues the value before it (RFC 9112 section 5.2).
            guard let last = fields.indices.last else { return }
            fields[last].value += " " + line.extracting(trimmed(line, 0..<line.count)).text()
            return
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        let name = line.extracting(0..<colon).text().lowercased()
        fields.append((name: name, value: line.extracting(trimmed(line, colon + 1..<line.count)).text()))
    }
}

/// The number after `HTTP/x.y `; curl has checked that it is one.
func statusCode(_ line: Span<UInt8>) -> Int {
    guard let space = line.firstIndex(of: 0x20) else { return 0 }
    var code = 0
    var index = space + 1
    while index < line.count, line[index] &- 0x30 < 10, code < 1000 {
        code = code * 10 + Int(line[index] - 0x30)
        index += 1
    }
    return code
}
