import Bytes

/// The link to the next page: the same query with another offset.
enum NextLink {
    /// Appends a JSON string: every parameter stays as it was spelled, but for `offset`, which goes to the end.
    static func append(
        to body: inout ByteBuilder, resource: StaticString, rawQuery: Span<UInt8>, offset: Int
    ) {
        body.append("\"/api/v1/")
        body.append(resource)
        body.append("?")
        FormDecoder.forEachPair(rawQuery) { range in
            let pair = rawQuery.extracting(range)
            let name = FormDecoder.name(of: pair)
            if !name.span.equals("offset") {
                JSONText.appendEscapedURI(pair, to: &body)
                body.append("&")
            }
        }
        body.append("offset=")
        body.append(decimal: offset)
        body.append("\"")
    }
}
