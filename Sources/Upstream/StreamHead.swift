import Bytes
import Glibc

/// Reads the heads and the trailers of a streamed response from the lines that curl hands over, and keeps their spelling.
struct StreamHead: ~Copyable {
    /// A head that is complete.
    struct Head {
        let status: Int
        /// Its fields' places.
        let fields: Range<Int>
    }

    /// The status of the head that is being read, or was read last.
    private(set) var status = 0

    /// Whether the final head is complete.
    private(set) var isComplete = false

    /// Whether the final head tells neither a length nor chunks, so that the body ends with the connection.
    private(set) var isWithoutLength = false

    private var fields = FieldTable()
    /// Where the fields begin that belong to no complete head.
    private var start = 0
    // What was not taken yet; interim heads are rare.
    private var interim: [Head] = []
    private var final: Head?

    private var isInHead = false
    private var bytes = 0
    private var hasLength = false

    /// Whether there is a complete head that was not taken yet.
    var hasNext: Bool { final != nil || !interim.isEmpty }

    /// Takes the first such head.
    mutating func next() -> Head? {
        if !interim.isEmpty { return interim.removeFirst() }
        defer { final = nil }
        return final
    }

    /// Tells a head.
    func tell(_ head: Head, to delegate: any UpstreamStreamDelegate) {
        if head.status < 200 {
            delegate.informational(status: head.status, fields: fields[head.fields])
        } else {
            delegate.head(status: head.status, fields: fields[head.fields])
        }
    }

    /// Tells the end, with the trailers.
    func tellEnd(to delegate: any UpstreamStreamDelegate) {
        delegate.ended(trailers: fields[start..<fields.count])
    }

    /// Takes lines with their line ends; false if there are too many bytes of them.
    mutating func add(_ lines: Span<UInt8>) -> Bool {
        bytes += lines.count
        if bytes > ResponseHead.maximumBytes { return false }
        // What curl has held back comes as several lines at once.
        var rest = lines
        while rest.count > 0 {
            let end = lineEnd(rest)
            add(line: trimmedEnd(rest.extracting(0...end)))
            rest = rest.extracting((end + 1)...)
        }
        return true
    }

    private mutating func add(line: Span<UInt8>) {
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
            let head = Head(status: status, fields: start..<fields.count)
            start = fields.count
            if isComplete { final = head } else { interim.append(head) }
        }
    }

    private mutating func addField(_ line: Span<UInt8>) {
        if line[0] == 0x20 || line[0] == 0x09 {
            // A folded line goes on with the value before it (RFC 9112 section 5.2).
            if start < fields.count { fields.extend(trimmed(line)) }
            return
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        let name = line.extracting(0..<colon)
        if name.equalsIgnoringCase("content-length") || name.equalsIgnoringCase("transfer-encoding") {
            hasLength = true
        }
        fields.append(name, trimmed(line.extracting((colon + 1)...)))
    }
}

/// The place of the first line feed, or of the last byte.
private func lineEnd(_ lines: Span<UInt8>) -> Int {
    unsafe lines.withUnsafeBytes { bytes in
        let start = bytes.baseAddress!
        return unsafe memchr(start, 0x0A, bytes.count).map { unsafe UnsafeRawPointer($0) - start } ?? bytes.count - 1
    }
}

@_lifetime(copy line)
private func trimmedEnd(_ line: Span<UInt8>) -> Span<UInt8> {
    var end = line.count
    while end > 0, line[end - 1] == 0x0A || line[end - 1] == 0x0D { end -= 1 }
    return line.extracting(0..<end)
}
