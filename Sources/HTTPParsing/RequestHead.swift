/// One field line, as ranges of the bytes that were parsed.
public struct FieldLine: Sendable {
    var nameOffset: UInt32 = 0
    var nameCount: UInt32 = 0
    var valueOffset: UInt32 = 0
    var valueCount: UInt32 = 0

    /// Where the name stands.
    @inline(__always)
    public var name: Range<Int> { Int(nameOffset)..<Int(nameOffset &+ nameCount) }

    /// Where the value stands, without the white space around it.
    @inline(__always)
    public var value: Range<Int> { Int(valueOffset)..<Int(valueOffset &+ valueCount) }
}

/// What the parser's callbacks write down: numbers alone, so that a parse makes no object and no reference count.
@unsafe struct HeadRecord {
    var base: UnsafePointer<CChar>?
    let lines: UnsafeMutablePointer<FieldLine>
    let limits: HeadLimits
    var failure: Failure = .none
    var methodOffset: UInt32 = 0
    var methodCount: UInt32 = 0
    var targetOffset: UInt32 = 0
    var targetCount: UInt32 = 0
    var fieldCount = 0
    var inValue = true
    var bodyFollows = false
    var bodyOffset = 0
    var bodyCount = 0
    /// How many bytes of chunks' framing came in excess of what a chunk needs.
    var excess = 0

    /// A limit that was passed, noted by the callback that then stops the parser.
    enum Failure { case none, targetTooLong, tooManyFields }

    mutating func begin() {
        unsafe failure = .none
        unsafe methodCount = 0
        unsafe targetCount = 0
        unsafe fieldCount = 0
        unsafe inValue = true
        unsafe bodyFollows = false
        unsafe bodyCount = 0
        unsafe excess = 0
    }

    /// Takes note of bytes of a body that were read, `content` of them as content; false when too many are extensions of
    /// chunks or trailers, of which RFC 9112 section 7.1.1 wants a bound. A chunk may have 16 bytes of framing for nothing, and
    /// as many more as twice its content, so that small chunks with few extensions can come for ever.
    mutating func isFramingBounded(read: Int, content: Int) -> Bool {
        unsafe excess = max(0, excess + read - content - (content > 0 ? 16 + 2 * content : 0))
        return unsafe excess <= limits.headBytes
    }

    /// Leaves out the white space after each value, which llhttp counts in (RFC 9112 section 5.1).
    mutating func trimValues() {
        for index in unsafe 0..<fieldCount {
            let line = unsafe lines + index
            let start = unsafe base! + Int(line.pointee.valueOffset)
            while unsafe line.pointee.valueCount > 0 {
                let last = unsafe start[Int(line.pointee.valueCount) - 1]
                guard last == 0x20 || last == 0x09 else { break }
                unsafe line.pointee.valueCount -= 1
            }
        }
    }

    @inline(__always)
    func offset(of place: UnsafePointer<CChar>?) -> UInt32 {
        unsafe UInt32(truncatingIfNeeded: place! - base!)
    }
}
