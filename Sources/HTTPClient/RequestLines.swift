import Bytes
internal import CCurl
import Glibc

/// The lines of a request's head, in curl's form: "Name: value", or "Name;" for no value, each with a zero byte at its
/// end.
@safe struct RequestLines: ~Copyable {
    private var bytes = ByteBuilder(capacity: 1000)
    private(set) var count = 0

    /// Adds a field. Its value need not be UTF-8; no byte is zero.
    mutating func add(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        bytes.append(name)
        var isBlank = true
        for index in 0..<value.count where value[index] != 0x20 && value[index] != 0x09 {
            isBlank = false
            break
        }
        if isBlank {
            bytes.append(";")
        } else {
            bytes.append(": ")
            bytes.append(value)
        }
        bytes.append(0)
        count += 1
    }

    /// The first line; the others follow it. They stay there until more are added.
    var start: UnsafeMutablePointer<CChar> {
        let bytes = bytes.span
        return unsafe bytes.withUnsafeBytes {
            unsafe UnsafeMutableRawPointer(mutating: $0.baseAddress!).assumingMemoryBound(to: CChar.self)
        }
    }
}

/// The list of lines that curl reads, rewritten for each request.
///
/// Lines before and after the request's own keep out what curl would add: "Name:", without a value. If several lines
/// have one name, curl uses the first.
@safe struct LineList: ~Copyable {
    // The lines that come last, the one that comes first, then the request's.
    private static let first = 3
    private var nodes: UnsafeMutablePointer<curl_slist>
    private var room = 32
    /// Whether there may be a proxy that gets the whole URL as the request target.
    private let mayHaveProxy: Bool

    init(mayHaveProxy: Bool) {
        self.mayHaveProxy = mayHaveProxy
        unsafe nodes = .allocate(capacity: room)
        layFixed()
    }

    deinit { unsafe nodes.deallocate() }

    private func layFixed() {
        unsafe nodes[0] = curl_slist(data: text("Proxy-Connection:"), next: nodes + 1)
        unsafe nodes[1] = curl_slist(data: text("Accept:"), next: nodes + 2)
        // curl adds one for a body that is passed with the head.
        unsafe nodes[2] = curl_slist(data: text("Content-Type:"), next: nil)
        // This comes before the client's own. curl would act on that one: it would wait, or send the request again
        // after 417. The client waits for itself.
        unsafe nodes[Self.first] = curl_slist(data: text("Expect:"), next: last)
    }

    private var last: UnsafeMutablePointer<curl_slist> { unsafe mayHaveProxy ? nodes : nodes + 1 }

    /// The list, for curl.
    var start: UnsafeMutablePointer<curl_slist> { unsafe nodes + Self.first }

    /// Sets a request's lines, which the caller must keep.
    mutating func set(_ lines: borrowing RequestLines) {
        if Self.first + 1 + lines.count > room {
            unsafe nodes.deallocate()
            room = Self.first + 1 + lines.count
            unsafe nodes = .allocate(capacity: room)
            layFixed()
        }
        var node = unsafe start
        var line = unsafe lines.start
        for _ in 0..<lines.count {
            unsafe node.pointee.next = node + 1
            unsafe node += 1
            unsafe node.pointee.data = line
            unsafe line += strlen(line) + 1
        }
        unsafe node.pointee.next = last
    }
}

private func text(_ literal: StaticString) -> UnsafeMutablePointer<CChar> {
    unsafe UnsafeMutableRawPointer(mutating: literal.utf8Start).assumingMemoryBound(to: CChar.self)
}
