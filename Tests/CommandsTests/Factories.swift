import Bytes
import HTTPClient
import JSONDocument

@testable import Commands

extension ModelsAnswer {
    /// A list as an answer with this body and these fields is read.
    static func make(_ body: String, _ fields: [(name: String, value: String)] = []) throws -> ModelsAnswer {
        try make(Array(body.utf8), fields)
    }

    static func make(_ body: [UInt8], _ fields: [(name: String, value: String)] = []) throws -> ModelsAnswer {
        try ModelsAnswer(FetchedResponse(status: 200, fields: fields, body: SharedBytes(body), duration: .zero))
    }
}

extension JSONValue {
    /// The value of a text that is JSON.
    static func make(_ text: String) throws -> JSONValue {
        let bytes = Array(text.utf8)
        return try JSONDocument(parsing: bytes.span).root
    }
}

extension TerminalStyle {
    /// A terminal of a width, with or without escape sequences.
    static func make(width: Int, height: Int = 24, isStyled: Bool = false) -> TerminalStyle {
        TerminalStyle(width: width, height: height, isStyled: isStyled, ellipsis: "\u{2026}")
    }
}

/// JSON values as text.
struct ByteText {
    private(set) var text = ""

    mutating func append(_ value: JSONValue) {
        var bytes = ByteBuilder()
        value.write(into: &bytes)
        text += bytes.span.text()
    }
}
