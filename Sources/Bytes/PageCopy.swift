import Glibc
import Synchronization

/// A copy of some bytes in pages of their own, from which the kernel may send without copying them once more.
///
/// The kernel keeps the pages until the peer has taken the bytes, and reads them then. With memory of `malloc`, a slow
/// client could receive what the memory was used for later, another caller's rows. So these pages are mapped for one
/// copy, become read-only when it is complete, and are unmapped at its end: nothing else is ever stored in them.
@safe public final class PageCopy: Sendable {
    /// How often bytes are sent before they get such a copy.
    static let worthwhileSendings: UInt32 = 8

    /// After how many further sendings this is tried again.
    static let sendingsUntilNextTry: UInt32 = 512

    /// The most memory that all copies of the process may take, in bytes: four lists of all models.
    static let mostBytes = 8 << 20

    /// Transparent huge pages are of this size on the processors that Debian's kernels support them on.
    private static let hugePage = 2 << 20

    private static let used = Atomic<Int>(0)

    private nonisolated(unsafe) let base: UnsafeMutableRawPointer

    /// The size of the pages: the kernel handles a huge one with a few steps, where it takes hundreds for small pages.
    public enum PageSize: Int, Sendable, CaseIterable {
        case small, huge

        /// The size for a body of this many bytes. One of more than a quarter of a huge page takes whole ones.
        public init(forBody count: Int) { self = count > PageCopy.hugePage / 4 ? .huge : .small }
    }

    /// The number of bytes.
    public let count: Int

    private let size: Int
    private let isLimited: Bool

    /// Copies some bytes. Nil if there are none, if all copies together would take more than `mostBytes`, or if the
    /// system provides no memory.
    public convenience init?(_ bytes: Span<UInt8>) {
        unsafe self.init(count: bytes.count, in: PageSize(forBody: bytes.count), isLimited: true) { base in
            unsafe bytes.withUnsafeBytes { unsafe base.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        }
    }

    /// Pages that hold a byte so many times, to measure with. They do not count as a copy.
    public convenience init?(repeating byte: UInt8, count: Int, in pages: PageSize) {
        unsafe self.init(count: count, in: pages, isLimited: false) { base in
            unsafe _ = base.initializeMemory(as: UInt8.self, repeating: byte, count: count)
        }
    }

    private init?(count: Int, in pages: PageSize, isLimited: Bool, fill: (UnsafeMutableRawPointer) -> Void) {
        let unit = pages == .huge ? Self.hugePage : sysconf(Int32(_SC_PAGESIZE))
        let size = (count + unit - 1) / unit * unit
        guard size > 0 else { return nil }
        let counted = isLimited ? size : 0
        guard Self.used.wrappingAdd(counted, ordering: .relaxed).newValue <= Self.mostBytes || !isLimited,
            let base = unsafe Self.map(size, alignedTo: unit)
        else {
            Self.used.wrappingSubtract(counted, ordering: .relaxed)
            return nil
        }
        unsafe fill(base)
        _ = unsafe mprotect(base, size, PROT_READ)
        unsafe self.base = base
        self.size = size
        self.isLimited = isLimited
        self.count = count
    }

    deinit {
        _ = unsafe munmap(base, size)
        Self.used.wrappingSubtract(isLimited ? size : 0, ordering: .relaxed)
    }

    /// Maps memory whose address is a multiple of `unit`: the system gives the address of a small page.
    private static func map(_ size: Int, alignedTo unit: Int) -> UnsafeMutableRawPointer? {
        let whole = size + unit
        let start = unsafe mmap(nil, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let start = unsafe start, unsafe start != MAP_FAILED else { return nil }
        let before = (unit - Int(bitPattern: start) % unit) % unit
        let base = unsafe start + before
        if before > 0 { _ = unsafe munmap(start, before) }
        if before < unit { _ = unsafe munmap(base + size, unit - before) }
        // It works with small pages too, if the system allows no others.
        if unit == hugePage { _ = unsafe madvise(base, size, MADV_HUGEPAGE) }
        return unsafe base
    }

    /// The address of the first byte, at the begin of a page. It is valid while this object lives.
    @unsafe public var address: UnsafeRawPointer { unsafe UnsafeRawPointer(base) }
}
