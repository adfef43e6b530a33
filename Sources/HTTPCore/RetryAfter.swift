import Bytes

/// `Retry-After` (RFC 9110 section 10.2.3): a number of seconds, or a date.
public enum RetryAfter {
    /// The seconds to wait from `now` (Unix seconds), never negative; nil if the value is neither form.
    public static func parse(_ field: Span<UInt8>, now: Int64) -> Int? {
        let text = field.extracting(trimmed(field, 0..<field.count))
        if let seconds = CacheControl.seconds(text) { return seconds }
        guard let date = HTTPDate.parse(text, now: now) else { return nil }
        // The difference is taken of what lies in the future only: a date long before 1970 could overflow it.
        return date > now ? Int(min(date - max(now, 0), 1 << 31)) : 0
    }
}
