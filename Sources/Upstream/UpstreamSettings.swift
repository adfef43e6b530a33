/// How upstream is asked: limits, trust and the way there.
public struct UpstreamSettings: Sendable, Equatable {
    /// The most that resolving the name, connecting and the TLS handshake may take together, in milliseconds.
    public var connectTimeout = 3_000

    /// The most that a whole fetch may take, redirects included, in milliseconds.
    public var timeout = 10_000

    /// The most that may pass on a stream without a byte either way, in milliseconds; a stream has no other limit of time.
    public var idleTimeout = 600_000

    /// The largest body, in bytes after decompression.
    public var maximumBody = 32 << 20

    /// A PEM file of certificate authorities that are trusted beside the system's.
    public var caFile: String?

    /// The proxy's URL; an empty one for no proxy at all; nil for `HTTPS_PROXY`, `http_proxy` and `NO_PROXY` as curl
    /// reads them.
    public var proxy: String?

    /// The path of a unix socket that every connection is made to, whatever the URL's host; nil for the host.
    public var unixSocket: String?

    /// The `User-Agent` field, such as `larder/1.0`.
    public var userAgent: String

    /// The defaults, under a name.
    public init(userAgent: String) { self.userAgent = userAgent }
}

/// Why there can be no client: a setting that does not work.
public struct UpstreamError: Error, Equatable, CustomStringConvertible {
    /// A sentence that names the setting's value.
    public let description: String
}
