import Bytes

/// A request method (RFC 9110 section 9). Only the ones that Larder tells apart have a case of their own.
public enum Method: UInt8, Sendable {
    case get, head, options, post, put, patch, delete
    /// Any other token; a request that bears it is told from the rest by its bytes alone.
    case other

    /// The method a token names. Methods are case-sensitive (RFC 9110 section 9.1).
    public init(_ token: Span<UInt8>) {
        if token.equals("GET") {
            self = .get
        } else if token.equals("HEAD") {
            self = .head
        } else if token.equals("OPTIONS") {
            self = .options
        } else if token.equals("POST") {
            self = .post
        } else if token.equals("PUT") {
            self = .put
        } else if token.equals("PATCH") {
            self = .patch
        } else if token.equals("DELETE") {
            self = .delete
        } else {
            self = .other
        }
    }
}
