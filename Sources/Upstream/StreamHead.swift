import Bytes

/// Reads the heads and the trailers of a streamed response from the lines that curl hands over, and keeps their spelling.
struct StreamHead {
    /// The status of the head that is being read, or was read last.
    private(set) var status = 0

    /// Whether the final head is complete.
    private(set) var isComplete = false

    /// What was read since the last complete head: in the end, the trailers.
    private(set) var fields: StreamFields = []

    /// Whether the final head tells neither a length nor chunks, so that the body ends with the connection.
    private(set) var isWithoutLength = false

    private var isInHead = false
    private var bytes = 0
    private var hasLength = false

    /// Takes lines with their line ends; false if there are too many bytes of them. `complete` is called with each head.
    mutating func add(_ lines: Span<UInt8>, complete: (Int, StreamFields) -> Void) -> Bool {
        bytes += lines.count
        if bytes > ResponseHead.maximumBytes { return false }
        // What curl has held back comes as several lines at once.
        var rest = lines
        while rest.count > 0 {
            let end = rest.firstIndex(of: 0x0A) ?? rest.count - 1
            add(line: trimmedEnd(rest.extracting(0...end)), complete: complete)
            rest = rest.extracting((end + 1)...)
        }
        return true
    }

    private mutating func add(line: Span<UInt8>, complete: (Int, StreamFields) -> Void) {
        if !isInHead && !isComplete {
            status = statusCode(line)
            isInHead = true
            hasLength = false
        } else if !line.isEmpty {
            addField(line)
        } else if isInHead {
            isInHead = false
            isComplete = status >= 200
            isWithoutLength = isComplete && !hasLength && status != 204 && status != 304
            let all = fields
            fields = []
            complete(status, all)
        }
    }

    private mutating func addField(_ line: Span<UInt8>) {
        if line[0] == 0x20 || line[0] == 0x09 {
            // A folded line goes on with the value before it (RFC 9112 section 5.2).
            guard let last = fields.indices.last else { return }
            fields[last].value += [0x20] + trimmed(line).copied()
            return
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        let name = line.extracting(0..<colon)
        if name.equalsIgnoringCase("content-length") || name.equalsIgnoringCase("transfer-encoding") {
            hasLength = true
        }
        fields.append((name: name.copied(), value: trimmed(line.extracting((colon + 1)...)).copied()))
    }
}

@_lifetime(copy line)
private func trimmedEnd(_ line: Span<UInt8>) -> Span<UInt8> {
    var end = line.count
    while end > 0, line[end - 1] == 0x0A || line[end - 1] == 0x0D { end -= 1 }
    return line.extracting(0..<end)
}
