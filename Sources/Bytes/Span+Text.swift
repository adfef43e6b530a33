// Reading text out of spans: comparing, hashing, copying. Nothing here allocates but the functions that return a `String`.

extension Span where Element == UInt8 {
    /// Whether both have the same bytes.
    @inlinable
    @inline(__always)
    public func equals(_ other: borrowing Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        return unsafe withUnsafeBufferPointer { mine in
            unsafe other.withUnsafeBufferPointer { theirs in
                guard let a = mine.baseAddress, let b = theirs.baseAddress else { return true }
                return unsafe sameBytes(a, b, mine.count)
            }
        }
    }

    /// Whether the bytes are exactly this literal's.
    @inlinable
    @inline(__always)
    public func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        return unsafe withUnsafeBufferPointer { mine in
            guard let a = mine.baseAddress else { return true }
            return unsafe sameBytes(a, text.utf8Start, mine.count)
        }
    }

    /// Whether the bytes are this literal's, ASCII letters of either case. `lowercase` is ASCII and has no capitals.
    @inlinable
    @inline(__always)
    public func equalsIgnoringCase(_ lowercase: StaticString) -> Bool {
        guard count == lowercase.utf8CodeUnitCount else { return false }
        return unsafe withUnsafeBufferPointer { mine in
            guard let a = mine.baseAddress else { return true }
            return unsafe sameLetters(a, lowercase.utf8Start, mine.count)
        }
    }

    /// Whether the first bytes are this literal's.
    @inlinable
    @inline(__always)
    public func starts(with prefix: StaticString) -> Bool {
        let size = prefix.utf8CodeUnitCount
        guard count >= size else { return false }
        return extracting(0..<size).equals(prefix)
    }

    /// The first index of `byte` at or after `start`, or nil.
    public func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        unsafe withUnsafeBufferPointer { unsafe indexOfByte(byte, in: UnsafeRawBufferPointer($0), from: start) }
    }

    /// Whether there is a control character of ASCII (below 0x20, or 0x7F) other than the tab.
    public var hasControls: Bool {
        unsafe withUnsafeBufferPointer { unsafe containsControls($0) }
    }

    /// A 64-bit hash of the bytes. It is quick and not keyed by a secret: compare the bytes as well wherever an
    /// untrusted party chooses them.
    @inline(__always)
    public func hash64(seed: UInt64 = 0) -> UInt64 {
        unsafe withUnsafeBufferPointer { unsafe hashBytes($0, seed: seed) }
    }

    /// The bytes as an array.
    public func copied() -> [UInt8] {
        unsafe withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// The bytes as a string; invalid UTF-8 becomes U+FFFD.
    public func text() -> String {
        unsafe withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

/// The lower-case form of an ASCII letter; any other byte as it is.
@inlinable
@inline(__always)
public func asciiLowercased(_ byte: UInt8) -> UInt8 {
    byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
}

/// The value of a hexadecimal digit, 0 to 15; nil for any other byte.
@inlinable
public func hexDigitValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}

/// The lower-case hexadecimal digit of a number from 0 to 15.
@inline(__always)
public func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") &+ value : UInt8(ascii: "a") &+ value &- 10
}

/// A word as 16 lower-case hexadecimal digits.
public func hexText(_ word: UInt64) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
}

/// Eight bytes per step, and the last eight once more if the count is not a multiple of eight.
@usableFromInline
func sameBytes(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    if count < 8 {
        for index in 0..<count {
            if unsafe a[index] != b[index] { return false }
        }
        return true
    }
    let x = unsafe UnsafeRawPointer(a)
    let y = unsafe UnsafeRawPointer(b)
    var index = 0
    while true {
        let left = unsafe x.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        let right = unsafe y.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        if left != right { return false }
        if index + 8 == count { return true }
        index = min(index + 8, count - 8)
    }
}

/// The same, letters of either case.
@usableFromInline
func sameLetters(_ text: UnsafePointer<UInt8>, _ lowercase: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    if count < 8 {
        for index in 0..<count {
            if unsafe asciiLowercased(text[index]) != lowercase[index] { return false }
        }
        return true
    }
    let x = unsafe UnsafeRawPointer(text)
    let y = unsafe UnsafeRawPointer(lowercase)
    var index = 0
    while true {
        let word = unsafe x.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        let wanted = unsafe y.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        // Bytes may differ only in the case bit, and only where a letter is expected.
        let letters =
            ((wanted &+ 0x1F1F_1F1F_1F1F_1F1F) & ~(wanted &+ 0x0505_0505_0505_0505) & 0x8080_8080_8080_8080) >> 2
        if (word ^ wanted) & ~letters != 0 { return false }
        if index + 8 == count { return true }
        index = min(index + 8, count - 8)
    }
}

/// Eight bytes per step, and the last eight once more if the count is not a multiple of eight. In a word where some
/// bytes match, the lowest marked bit belongs to the first of them.
private func indexOfByte(_ byte: UInt8, in raw: UnsafeRawBufferPointer, from start: Int) -> Int? {
    var index = start
    guard raw.count - start >= 8 else {
        while index < raw.count {
            if unsafe raw[index] == byte { return index }
            index += 1
        }
        return nil
    }
    let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
    while true {
        let word = UInt64(littleEndian: unsafe raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)) ^ pattern
        let marks = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
        if marks != 0 { return index + marks.trailingZeroBitCount / 8 }
        if index + 8 == raw.count { return nil }
        index = min(index + 8, raw.count - 8)
    }
}

/// The same steps. Only a word that seems to have a control character is looked at byte by byte.
private func containsControls(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let raw = UnsafeRawBufferPointer(bytes)
    guard raw.count >= 8 else { return unsafe containsControls(raw, in: 0..<raw.count) }
    var index = 0
    while true {
        let word = unsafe raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        let deletes = word ^ 0x7F7F_7F7F_7F7F_7F7F
        let low = (word &- 0x2020_2020_2020_2020) & ~word
        let suspects = (low | (deletes &- 0x0101_0101_0101_0101) & ~deletes) & 0x8080_8080_8080_8080
        if suspects != 0, unsafe containsControls(raw, in: index..<index + 8) { return true }
        if index + 8 == raw.count { return false }
        index = min(index + 8, raw.count - 8)
    }
}

@inline(__always)
private func containsControls(_ raw: UnsafeRawBufferPointer, in range: Range<Int>) -> Bool {
    for index in range {
        let byte = unsafe raw[index]
        if byte < 0x20 && byte != 0x09 || byte == 0x7F { return true }
    }
    return false
}

/// Eight bytes a step, each mixed by a 64 x 64 -> 128 multiplication that is folded (the step of wyhash, public domain).
@inline(__always)
private func hashBytes(_ bytes: UnsafeBufferPointer<UInt8>, seed: UInt64) -> UInt64 {
    var state = seed ^ (UInt64(bytes.count) &* 0x9E37_79B9_7F4A_7C15)
    let raw = UnsafeRawBufferPointer(bytes)
    var index = 0
    while index + 8 <= raw.count {
        let word = unsafe raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        state = folded(state ^ word, 0xE703_7ED1_A0B4_28DB)
        index += 8
    }
    var tail: UInt64 = 0
    while index < raw.count {
        tail = tail << 8 | UInt64(unsafe raw[index])
        index += 1
    }
    return folded(state ^ tail ^ 0x8EBC_6AF0_9C88_C6E3, 0x5899_65CC_7537_4CC3)
}

@inline(__always)
private func folded(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
}
