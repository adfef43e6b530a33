/// Arithmetic on numbers from outside (a file, a header, a clock), which stops at the bound where a plain operator
/// would trap.
extension FixedWidthInteger {
    /// The sum, or the bound that it would exceed.
    @inlinable
    public func addingSaturated(_ other: Self) -> Self {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    /// The difference, or the bound that it would exceed: 0 for unsigned numbers.
    @inlinable
    public func subtractingSaturated(_ other: Self) -> Self {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other > 0 ? .min : .max) : difference
    }

    /// The product, or the bound that it would exceed.
    @inlinable
    public func multipliedSaturated(by other: Self) -> Self {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? ((self < 0) == (other < 0) ? .max : .min) : product
    }
}

extension UInt64 {
    /// The time that has passed since an earlier moment of the same clock; 0 where that is not earlier. Each thread
    /// reads the clock separately, so another thread's time may be slightly ahead.
    @inlinable
    public func elapsed(since moment: UInt64) -> UInt64 { self > moment ? self &- moment : 0 }
}
