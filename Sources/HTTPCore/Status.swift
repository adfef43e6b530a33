import Bytes

/// A status code (RFC 9110 section 15).
public struct Status: RawRepresentable, Hashable, Sendable {
    /// The three digits.
    public let rawValue: Int

    /// Any code, known or not.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// 200 OK
    public static let ok = Status(rawValue: 200)
    /// 204 No Content
    public static let noContent = Status(rawValue: 204)
    /// 302 Found
    public static let found = Status(rawValue: 302)
    /// 304 Not Modified
    public static let notModified = Status(rawValue: 304)
    /// 308 Permanent Redirect
    public static let permanentRedirect = Status(rawValue: 308)
    /// 400 Bad Request
    public static let badRequest = Status(rawValue: 400)
    /// 401 Unauthorized
    public static let unauthorized = Status(rawValue: 401)
    /// 403 Forbidden
    public static let forbidden = Status(rawValue: 403)
    /// 404 Not Found
    public static let notFound = Status(rawValue: 404)
    /// 405 Method Not Allowed
    public static let methodNotAllowed = Status(rawValue: 405)
    /// 408 Request Timeout
    public static let requestTimeout = Status(rawValue: 408)
    /// 421 Misdirected Request
    public static let misdirectedRequest = Status(rawValue: 421)
    /// 414 URI Too Long
    public static let uriTooLong = Status(rawValue: 414)
    /// 417 Expectation Failed
    public static let expectationFailed = Status(rawValue: 417)
    /// 429 Too Many Requests
    public static let tooManyRequests = Status(rawValue: 429)
    /// 431 Request Header Fields Too Large
    public static let requestHeaderFieldsTooLarge = Status(rawValue: 431)
    /// 501 Not Implemented
    public static let notImplemented = Status(rawValue: 501)
    /// 502 Bad Gateway
    public static let badGateway = Status(rawValue: 502)
    /// 503 Service Unavailable
    public static let serviceUnavailable = Status(rawValue: 503)
    /// 504 Gateway Timeout
    public static let gatewayTimeout = Status(rawValue: 504)
    /// 505 HTTP Version Not Supported
    public static let httpVersionNotSupported = Status(rawValue: 505)
    /// 508 Loop Detected (RFC 5842 section 7.2)
    public static let loopDetected = Status(rawValue: 508)

    /// Whether the code is in the 4xx class.
    public var isClientError: Bool { (400..<500).contains(rawValue) }

    /// Whether it refuses the key of the request: 401 or 403.
    public var refusesKey: Bool { self == .unauthorized || self == .forbidden }

    /// The phrase that RFC 9110 section 15 defines for the code, or the name of its class for a code that it does not
    /// define.
    public var reasonPhrase: StaticString {
        switch rawValue {
        case 100: "Continue"
        case 103: "Early Hints"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 402: "Payment Required"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 451: "Unavailable For Legal Reasons"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        case 508: "Loop Detected"
        case 100..<200: "Informational"
        case 200..<300: "Success"
        case 300..<400: "Redirection"
        case 400..<500: "Client Error"
        default: "Server Error"
        }
    }
}

/// A request method (RFC 9110 section 9). Only the methods that Larder treats differently have a case of their own.
public enum Method: UInt8, Sendable {
    case get, head, options, post, put, patch, delete
    /// Any other token. Only the request's bytes identify it.
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
