/// A growable buffer that is handed over, without a copy, as `SharedBytes`.
///
/// It also serves as a scratch area that is filled and emptied again and again: `removeAll()` keeps the allocation.
@safe public struct ByteBuilder: ~Copyable {
    @usableFromInline var base: UnsafeMutablePointer<UInt8>

    /// The number of bytes that it has room for without growing.
    @inlinable public var capacity: Int { room }
    @usableFromInline var room: Int

    /// The number of bytes written so far.
    @inlinable public var count: Int { used }
    @usableFromInline var used = 0

    /// An empty builder with room for `capacity` bytes; it grows by itself when they are used up.
    public init(capacity: Int = 256) {
        room = max(1, capacity)
        unsafe base = .allocate(capacity: room)
    }

    deinit { unsafe base.deallocate() }

    /// Whether nothing was written yet.
    @inlinable
    public var isEmpty: Bool { used == 0 }

    /// What was written so far, for as long as the builder is borrowed.
    @inlinable
    public var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let span = unsafe Span(_unsafeStart: base, count: used)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Makes room for `more` further bytes.
    @inlinable
    @inline(__always)
    public mutating func reserve(_ more: Int) {
        if used + more > room { grow(to: used + more) }
    }

    @usableFromInline
    @inline(never)
    mutating func grow(to needed: Int) {
        let larger = max(needed, room * 2)
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        unsafe moved.moveInitialize(from: base, count: used)
        unsafe base.deallocate()
        unsafe base = moved
        room = larger
    }

    /// Appends one byte.
    @inlinable
    @inline(__always)
    public mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe base[used] = byte
        used += 1
    }

    /// Appends a span's bytes.
    @inlinable
    @inline(__always)
    public mutating func append(_ bytes: Span<UInt8>) {
        reserve(bytes.count)
        unsafe bytes.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { unsafe (base + used).initialize(from: start, count: source.count) }
        }
        used += bytes.count
    }

    /// Appends a literal.
    @inlinable
    @inline(__always)
    public mutating func append(_ text: StaticString) {
        let size = text.utf8CodeUnitCount
        reserve(size)
        unsafe (base + used).initialize(from: text.utf8Start, count: size)
        used += size
    }

    /// Appends a string's UTF-8.
    public mutating func append(utf8 text: String) {
        var text = text
        text.withUTF8 { source in
            reserve(source.count)
            if let start = source.baseAddress { unsafe (base + used).initialize(from: start, count: source.count) }
            used += source.count
        }
    }

    /// Appends a number in decimal, without leading zeros.
    @inline(__always)
    public mutating func append(decimal number: Int) {
        // Most numbers of a head or a line of the log are this short.
        if number >= 0 && number < 1000 {
            if number >= 100 { append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number / 100)) }
            if number >= 10 { append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number / 10 % 10)) }
            return append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number % 10))
        }
        if number < 0 { append(UInt8(ascii: "-")) }
        var rest = number.magnitude
        var digits = 1
        var bound = rest / 10
        while bound > 0 {
            digits += 1
            bound /= 10
        }
        reserve(digits)
        var at = used + digits
        used = at
        repeat {
            at -= 1
            unsafe base[at] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
    }

    /// Forgets the bytes and keeps the room.
    @inlinable
    public mutating func removeAll() { used = 0 }

    /// Forgets the first `prefix` bytes and moves the rest to the front.
    public mutating func removeFirst(_ prefix: Int) {
        precondition(prefix >= 0 && prefix <= count, "more bytes removed than there are")
        unsafe base.update(from: base + prefix, count: count - prefix)
        used -= prefix
    }

    /// Forgets the last `suffix` bytes.
    public mutating func removeLast(_ suffix: Int) {
        precondition(suffix >= 0 && suffix <= count, "more bytes removed than there are")
        used -= suffix
    }

    /// Hands the bytes over. The allocation is taken as it is, so reserve well when the result is to be kept for long.
    public consuming func finish() -> SharedBytes {
        let result = unsafe SharedBytes(adopting: base, count: count)
        discard self
        return result
    }
}

extension ByteBuilder {
    /// Appends UTF-8 text in the form that it has between the quotes of a JSON string: quotes, backslashes and control
    /// characters are escaped (RFC 8259 section 7).
    public mutating func append(jsonEscaped text: Span<UInt8>) {
        for index in 0..<text.count {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case 0..<0x20:
                append("\\u00")
                append(hexDigit(byte >> 4))
                append(hexDigit(byte & 15))
            default: append(byte)
            }
        }
    }

    /// Appends the sixteen hexadecimal digits of a number.
    public mutating func append(hex number: UInt64) {
        for shift in stride(from: 60, through: 0, by: -4) { append(hexDigit(UInt8(number >> UInt64(shift) & 15))) }
    }

    /// Appends a length in hexadecimal without leading zeros, as the head of a chunk has it (RFC 9112 section 7.1).
    public mutating func append(hexLength length: Int) {
        var shift = (Int.bitWidth - max(1, length).leadingZeroBitCount - 1) / 4 * 4
        while shift >= 0 {
            append(hexDigit(UInt8(length >> shift & 15)))
            shift -= 4
        }
    }

    /// Appends a part of a body as a chunk (RFC 9112 section 7.1). It must not be empty: that would be the last one.
    public mutating func append(chunk part: Span<UInt8>) {
        append(hexLength: part.count)
        append("\r\n")
        append(part)
        append("\r\n")
    }
}
