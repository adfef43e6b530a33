/// The rows that answer a query, or one page of them.
public struct Selection: Equatable, Sendable {
    /// The numbers of the rows of the page, in the order of the answer.
    public let rows: [Int32]

    /// How many rows match in all.
    public let totalCount: Int

    /// The offset of the next page; nil on the last one, and if the query asked for no page.
    public let nextOffset: Int?

    /// The first second since 1970 at which the result could be another because models grow older; nil if it cannot.
    public let validUntil: Int64?

    /// A hash of the rows, the total and the next offset: with the snapshot's identity, it tells results apart.
    public let fingerprint: UInt64

    /// Cuts the page out of all matching rows.
    init(matches: [Int32], query: Query, validUntil: Int64?) {
        totalCount = matches.count
        self.validUntil = validUntil
        if query.offset == nil && query.limit == nil {
            rows = matches
            nextOffset = nil
        } else {
            let start = Int(min(Int64(matches.count), max(0, query.offset ?? 0)))
            let size = Int(min(Int64(matches.count - start), max(0, query.limit ?? Query.defaultLimit)))
            rows = Array(matches[start..<start + size])
            nextOffset = start + size < matches.count ? start + size : nil
        }
        fingerprint = Self.fingerprint(rows, totalCount, nextOffset)
    }

    private static func fingerprint(_ rows: [Int32], _ total: Int, _ next: Int?) -> UInt64 {
        var state = mixed(UInt64(rows.count), UInt64(total))
        state = mixed(state, UInt64(bitPattern: Int64(next ?? -1)))
        for row in rows { state = mixed(state, UInt64(row.magnitude)) }
        return state
    }

    /// One step of wyhash (public domain): a 64 x 64 -> 128 multiplication, folded.
    @inline(__always)
    private static func mixed(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let product = (state ^ 0xE703_7ED1_A0B4_28DB).multipliedFullWidth(by: word ^ 0x8EBC_6AF0_9C88_C6E3)
        return product.high ^ product.low
    }
}
