import Bytes

/// The request fields that Larder reads. All others it leaves alone.
public enum KnownField: UInt8, Sendable {
    case host, authorization, acceptEncoding, cacheControl, pragma, ifNoneMatch, ifModifiedSince, expect
    case anthropicVersion

    /// The field that a name is, or nil. Names are case-insensitive (RFC 9110 section 5.1). The length alone rules most
    /// names out.
    @inline(__always)
    public init?(_ name: Span<UInt8>) {
        switch name.count {
        case 4 where name.equalsIgnoringCase("host"): self = .host
        case 6 where name.equalsIgnoringCase("pragma"): self = .pragma
        case 6 where name.equalsIgnoringCase("expect"): self = .expect
        case 13 where name.equalsIgnoringCase("authorization"): self = .authorization
        case 13 where name.equalsIgnoringCase("cache-control"): self = .cacheControl
        case 13 where name.equalsIgnoringCase("if-none-match"): self = .ifNoneMatch
        case 15 where name.equalsIgnoringCase("accept-encoding"): self = .acceptEncoding
        case 17 where name.equalsIgnoringCase("if-modified-since"): self = .ifModifiedSince
        case 17 where name.equalsIgnoringCase("anthropic-version"): self = .anthropicVersion
        default: return nil
        }
    }
}
