import Bytes

/// A content coding that Larder can answer in (RFC 9110 section 8.4.1).
public enum ContentCoding: UInt8, Sendable, CaseIterable {
    case identity
    case gzip
    /// Brotli (RFC 7932): about a fifth fewer bytes than gzip.
    case br

    /// Its name in `Accept-Encoding` and `Content-Encoding`.
    public var token: StaticString {
        switch self {
        case .identity: "identity"
        case .gzip: "gzip"
        case .br: "br"
        }
    }

    /// The best coding for a request's `Accept-Encoding` (RFC 9110 section 12.5.3): the one that the client gives the most
    /// weight; of equal ones br, then gzip, then identity.
    ///
    /// `nil` means that the field is absent. That would allow any coding, but such a client may be unable to decode
    /// one, so it gets identity. `*` means gzip, which every client supports. A client that forbids all codings gets
    /// identity too: 12.5.3 lets a server disregard the field rather than fail with 415. br is left out if no such form
    /// exists.
    public static func preferred(for acceptEncoding: Span<UInt8>?, offersBr: Bool = true) -> ContentCoding {
        guard let field = acceptEncoding else { return .identity }
        if field.count == 4, field.equals("gzip") { return .gzip }
        // In thousandths; negative if the field does not name the coding.
        var br = -1
        var gzip = -1
        var identity = -1
        var other = -1
        var elements = ListElements(field)
        while let range = elements.next(in: field) {
            let element = field.extracting(range)
            let nameEnd = element.firstIndex(of: UInt8(ascii: ";")) ?? element.count
            let name = element.extracting(trimmed(element, 0..<nameEnd))
            let weight = nameEnd == element.count ? 1000 : Weight.parse(element, from: nameEnd)
            switch name.count {
            case 1 where name.equals("*"): other = weight
            case 2 where name.equalsIgnoringCase("br"): br = weight
            case 4 where name.equalsIgnoringCase("gzip"), 6 where name.equalsIgnoringCase("x-gzip"): gzip = weight
            case 8 where name.equalsIgnoringCase("identity"): identity = weight
            default: break
            }
        }
        if gzip < 0 { gzip = other }
        // A coding that is not named is not forbidden, but any coding that is named is preferred to it.
        if identity < 0 { identity = min(other, 0) }
        if offersBr, br > 0, br >= gzip, br >= identity { return .br }
        return gzip > 0 && gzip >= identity ? .gzip : .identity
    }
}

/// A weight, `q=0.5`, in thousandths (RFC 9110 section 12.4.2).
enum Weight {
    /// The weight among the parameters that begin at `start`: 1000 if there is none, 0 if it is malformed, so that a
    /// client never gets a coding that it did not validly ask for.
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
