import Synchronization

/// Immutable bytes in one allocation, shared by reference between threads.
///
/// Every holder of a reference may read; nothing can write after the initializer has returned. So several loops can
/// send a response body at once with no lock and no copy.
@safe public final class SharedBytes: Sendable {
    private nonisolated(unsafe) let base: UnsafeMutablePointer<UInt8>

    /// The number of bytes.
    public let count: Int

    /// Set once, when the bytes have been sent often.
    private let pages = AtomicLazyReference<PageCopy>()
    private let sendings = Atomic<UInt32>(0)

    /// Takes over an allocation: `base` is freed when the last reference goes.
    @unsafe init(adopting base: UnsafeMutablePointer<UInt8>, count: Int) {
        unsafe self.base = base
        self.count = count
    }

    /// Copies a span.
    public init(copying bytes: Span<UInt8>) {
        let base = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, bytes.count))
        unsafe bytes.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { unsafe base.initialize(from: start, count: source.count) }
        }
        unsafe self.base = base
        count = bytes.count
    }

    /// Copies an array.
    public convenience init(_ bytes: [UInt8]) { self.init(copying: bytes.span) }

    /// Copies the UTF-8 of a string.
    public convenience init(utf8 text: String) { self.init(Array(text.utf8)) }

    deinit { unsafe base.deallocate() }

    /// The bytes, for as long as this object is borrowed.
    public var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let span = unsafe Span(_unsafeStart: base, count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The address of the first byte, for the C wrappers. It is valid while this object lives: a caller that passes it
    /// to C keeps a reference until C is done.
    @unsafe public var address: UnsafePointer<UInt8> { unsafe UnsafePointer(base) }
}

extension SharedBytes {
    /// The same bytes in pages that the kernel can send without copying them; nil unless `makePageCopy()` made some.
    public var pageCopy: PageCopy? { pages.load() }

    /// Notes that the bytes are sent once more, on any thread. True when they have been sent so often that a copy in pages
    /// is worth its memory; and now and then again, since there may have been no memory at that time.
    public func noteSending() -> Bool {
        let count = sendings.wrappingAdd(1, ordering: .relaxed).newValue
        return count % PageCopy.sendingsUntilNextTry == PageCopy.worthwhileSendings
    }

    /// Copies the bytes into pages, which are kept as long as this object. Nothing happens if there is no memory for
    /// them.
    public func makePageCopy() {
        guard let copy = PageCopy(span) else { return }
        _ = pages.storeIfNil(copy)
    }

    /// No bytes at all.
    public static let empty = SharedBytes([])

    /// All of it, as a slice.
    public var all: ByteSlice { ByteSlice(self, 0..<count) }

    /// A part of it, which keeps the whole alive. `range` lies within `0..<count`.
    public subscript(range: Range<Int>) -> ByteSlice { ByteSlice(self, range) }
}

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
