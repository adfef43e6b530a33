public import HTTPCore

/// Whose copy may be served to whom.
///
/// A response to a request that bore a key may go to other keys if and only if upstream says so: `public`, `s-maxage` or
/// `must-revalidate` in its `Cache-Control` (RFC 9111 section 3.5), and neither `private` nor `no-store` beside it.
public enum Sharing: String, CaseIterable, Sendable {
    /// As upstream says.
    case auto
    /// Every key has copies of its own.
    case never
    /// All keys share, whatever upstream says (but for the lists that are a key's own).
    case always

    /// Whether a response with these directives may be served to every key.
    public func allows(_ response: CacheControl) -> Bool {
        switch self {
        case .never: return false
        case .always: return true
        case .auto:
            if !response.flags.isDisjoint(with: [.isPrivate, .noStore]) { return false }
            return response.flags.contains(.isPublic) || response.flags.contains(.mustRevalidate)
                || response.sharedMaxAge != nil
        }
    }
}
