/// Bounds on a value, both inclusive.
public struct DecimalRange: Equatable, Sendable {
    /// The least value that passes, if there is such a bound.
    public var lower: FixedDecimal?

    /// The greatest value that passes, if there is such a bound.
    public var upper: FixedDecimal?

    /// A range with the bounds given.
    public init(lower: FixedDecimal? = nil, upper: FixedDecimal? = nil) {
        self.lower = lower
        self.upper = upper
    }

    /// Whether there is a bound at all.
    public var isBounded: Bool { lower != nil || upper != nil }

    /// Whether a row with this value passes. A row without a value passes no bound.
    @inline(__always)
    func contains(_ value: FixedDecimal?) -> Bool {
        guard let value else { return !isBounded }
        if let lower, value < lower { return false }
        if let upper, value > upper { return false }
        return true
    }
}
