import Bytes

/// A content coding that Larder can answer in (RFC 9110 section 8.4.1).
public enum ContentCoding: UInt8, Sendable {
    case identity
    case gzip

    /// The best coding for a request's `Accept-Encoding` (RFC 9110 section 12.5.3): gzip where the client gives it a weight
    /// above zero and no lower than identity's, else identity.
    ///
    /// `nil` stands for an absent field, which would allow any coding; a client that does not say so may still not be able
    /// to decode, so it gets identity. A client that forbids both gets identity too: 12.5.3 lets a server disregard the
    /// field rather than fail with 415.
    public static func preferred(for acceptEncoding: Span<UInt8>?) -> ContentCoding {
        guard let field = acceptEncoding else { return .identity }
        // What nearly every client sends begins with gzip and has no weights.
        if field.starts(with: "gzip"), field.count == 4 || field[4] == UInt8(ascii: ","),
            field.firstIndex(of: UInt8(ascii: ";")) == nil
        {
            return .gzip
        }
        var gzip: Int?
        var identity: Int?
        var other: Int?
        var elements = ListElements(field)
        while let range = elements.next(in: field) {
            let element = field.extracting(range)
            let nameEnd = element.firstIndex(of: UInt8(ascii: ";")) ?? element.count
            let name = element.extracting(trimmed(element, 0..<nameEnd))
            let weight = Weight.parse(element, from: nameEnd)
            if name.equalsIgnoringCase("gzip") || name.equalsIgnoringCase("x-gzip") {
                gzip = weight
            } else if name.equalsIgnoringCase("identity") {
                identity = weight
            } else if name.equals("*") {
                other = weight
            }
        }
        let gzipWeight = gzip ?? other ?? 0
        let identityWeight = identity ?? min(other ?? 0, 0)
        return gzipWeight > 0 && gzipWeight >= identityWeight ? .gzip : .identity
    }
}

/// A weight, `q=0.5`, in thousandths (RFC 9110 section 12.4.2).
enum Weight {
    /// The weight among the parameters that begin at `start`, 1000 if there is none, 0 if it is malformed: what a client
    /// did not ask for rightly is not pressed on it.
    static func parse(_ element: Span<UInt8>, from start: Int) -> Int {
        var at = start
        while at < element.count {
            let end = element.firstIndex(of: UInt8(ascii: ";"), from: at + 1) ?? element.count
            let parameter = element.extracting(trimmed(element, at + 1..<end))
            if parameter.starts(with: "q=") || parameter.starts(with: "Q=") {
                return thousandths(parameter.extracting(2..<parameter.count))
            }
            at = end
        }
        return 1000
    }

    private static func thousandths(_ text: Span<UInt8>) -> Int {
        guard text.count >= 1, text.count <= 5, text.count == 1 || text[1] == UInt8(ascii: ".") else { return 0 }
        let whole = Int(text[0]) - 48
        guard whole == 0 || whole == 1 else { return 0 }
        var value = whole * 1000
        var scale = 100
        for index in stride(from: 2, to: text.count, by: 1) {
            let digit = Int(text[index]) - 48
            guard (0..<10).contains(digit) else { return 0 }
            value += digit * scale
            scale /= 10
        }
        return value <= 1000 ? value : 0
    }
}
