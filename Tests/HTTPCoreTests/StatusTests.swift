import Testing

@testable import HTTPCore

@Suite("Status codes")
struct StatusTests {
    @Test(
        "A code has the phrase of RFC 9110 and of its relatives",
        arguments: [
            (100, "Continue"), (200, "OK"), (201, "Created"), (206, "Partial Content"), (301, "Moved Permanently"),
            (302, "Found"), (307, "Temporary Redirect"), (308, "Permanent Redirect"), (204, "No Content"),
            (304, "Not Modified"), (400, "Bad Request"), (401, "Unauthorized"),
            (402, "Payment Required"), (403, "Forbidden"), (404, "Not Found"), (405, "Method Not Allowed"),
            (408, "Request Timeout"), (413, "Content Too Large"), (414, "URI Too Long"), (417, "Expectation Failed"),
            (421, "Misdirected Request"), (422, "Unprocessable Content"), (429, "Too Many Requests"),
            (431, "Request Header Fields Too Large"),
            (451, "Unavailable For Legal Reasons"), (500, "Internal Server Error"), (501, "Not Implemented"),
            (502, "Bad Gateway"), (503, "Service Unavailable"), (504, "Gateway Timeout"),
            (505, "HTTP Version Not Supported"),
        ])
    func phrase(code: Int, expected: String) {
        #expect(Status(rawValue: code).reasonPhrase.description == expected)
    }

    @Test(
        "A code that is not known has the name of its class",
        arguments: [
            (199, "Informational"), (299, "Success"), (399, "Redirection"), (499, "Client Error"),
            (599, "Server Error"),
        ])
    func unknown(code: Int, expected: String) {
        #expect(Status(rawValue: code).reasonPhrase.description == expected)
    }

    @Test("Client errors are 400 to 499", arguments: [(399, false), (400, true), (499, true), (500, false)])
    func clientErrors(code: Int, expected: Bool) {
        #expect(Status(rawValue: code).isClientError == expected)
    }
}
