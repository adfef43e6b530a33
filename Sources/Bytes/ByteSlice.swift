/// A part of some `SharedBytes`, by value: the owner and a range of its bytes.
public struct ByteSlice: Sendable {
    /// The bytes that this is a part of; alive for as long as the slice.
    public let owner: SharedBytes

    /// Where the part begins in the owner.
    public let offset: Int

    /// The number of bytes.
    public let count: Int

    /// A part of `owner`; `range` lies within `0..<owner.count`.
    public init(_ owner: SharedBytes, _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= owner.count, "a slice outside of its bytes")
        self.owner = owner
        offset = range.lowerBound
        count = range.count
    }

    /// The bytes, for as long as the slice is borrowed.
    public var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let span = owner.span.extracting(offset..<offset + count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}
