import Bytes

/// The link to the next page: the same query with another offset.
enum NextLink {
    /// Appends a JSON string: every parameter keeps its spelling, except `offset`, which moves to the end. `prefix` comes
    /// before the path, and needs no escapes.
    static func append(
        to body: inout ByteBuilder, prefix: [UInt8], resource: StaticString, rawQuery: Span<UInt8>, offset: Int
    ) {
        body.append("\"")
        body.append(prefix.span)
        body.append("/api/v1/")
        body.append(resource)
        body.append("?")
        FormDecoder.forEachPair(rawQuery) { range in
            let pair = rawQuery.extracting(range)
            let name = FormDecoder.name(of: pair)
            if !name.span.equals("offset") {
                appendEscaped(pair, to: &body)
                body.append("&")
            }
        }
        body.append("offset=")
        body.append(decimal: offset)
        body.append("\"")
    }

    /// Appends a part of a URI as it was spelled; bytes that no URI may hold (RFC 3986 section 2), which may not even be
    /// UTF-8, are percent-encoded.
    private static func appendEscaped(_ text: Span<UInt8>, to body: inout ByteBuilder) {
        for index in text.indices {
            let byte = text[index]
            switch byte {
            case 0...0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x7F...0xFF:
                for character in PercentEncoding.bytes(byte) { body.append(character) }
            default: body.append(byte)
            }
        }
    }
}
