package import Bytes
package import Compression
package import HTTPClient
import HTTPCore

extension FetchedResponse {
    /// The codings that requests to upstream accept (RFC 9110 section 12.5.3).
    package static let acceptedCodings = "gzip, deflate, br"

    /// The most codings of one body; no honest server applies more.
    private static let mostCodings = 4

    /// The same response with its body decoded, which has at most `limit` bytes. `Content-Encoding` is removed, since
    /// it no longer applies.
    ///
    /// It takes milliseconds, and runs outside the loops.
    package func decoded(limit: Int) throws(CodingProblem) -> FetchedResponse {
        let codings = try codings()
        guard !codings.isEmpty, !body.span.isEmpty || status == 200 else { return self }
        var body = body
        for (name, decoder) in codings.reversed() {
            do throws(DecodingFault) {
                body = try decoder.decode(body.span, limit: limit)
            } catch {
                throw CodingProblem(error, coding: name, limit: limit)
            }
        }
        return replacing(fields: fields.filter { $0.name != "content-encoding" }, body: body)
    }

    /// The response in the form that an `EntryBuilder` reads. The body is decoded if it is used; that of a 5xx is not.
    package func readable(limit: Int) throws(CodingProblem) -> FetchedResponse {
        guard status == Status.ok.rawValue || Status(rawValue: status).isClientError else { return self }
        return try decoded(limit: limit)
    }

    /// The approximate size of the decoded body in bytes. Only a hint: do not rely on it.
    package var expectedCount: Int {
        guard let codings = try? codings(), let last = codings.last else { return body.count }
        return codings.count == 1 ? last.decoder.expectedCount(of: body.span) : body.count * 10
    }

    /// The body's codings in the order in which they were applied (RFC 9110 section 8.4).
    private func codings() throws(CodingProblem) -> [(name: String, decoder: Decoder)] {
        var codings: [(name: String, decoder: Decoder)] = []
        for field in fields where field.name == "content-encoding" {
            let value = Array(field.value.utf8)
            var elements = ListElements(value.span)
            while let range = elements.next(in: value.span) {
                let name = value.span.extracting(range).text().lowercased()
                switch name {
                case "identity": continue
                case "gzip", "x-gzip": codings.append((name, .gzip))
                case "deflate": codings.append((name, .deflate))
                case "br": codings.append((name, .brotli))
                default: throw .unknown(name)
                }
                if codings.count > Self.mostCodings { throw .tooMany }
            }
        }
        return codings
    }
}

/// Why a body could not be decoded.
package enum CodingProblem: Error, Equatable {
    /// The decoded body is larger than the limit, in bytes.
    case tooLarge(limit: Int)
    /// It is in a coding that was not requested.
    case unknown(String)
    /// It is in more codings than are supported.
    case tooMany
    /// Its coding is invalid; the text says how.
    case broken(String)

    package init(_ fault: DecodingFault, coding: String, limit: Int) {
        switch fault {
        case .tooLarge: self = .tooLarge(limit: limit)
        case .cut: self = .broken("its body ends before the end of its \(coding) data")
        case .malformed: self = .broken("its body is not valid \(coding) data")
        case .trailing: self = .broken("its body continues after the end of its \(coding) data")
        case .outOfMemory: self = .broken("not enough memory to decode its body from \(coding)")
        }
    }

    /// A part of a sentence about upstream's answer.
    package var message: String {
        switch self {
        case .tooLarge(let limit): "its body is larger than \(limit) bytes when decoded"
        case .unknown(let name): "it has a content coding that was not requested, \(shown(name))"
        case .tooMany: "it has too many content codings"
        case .broken(let why): why
        }
    }

    /// A name from upstream, made safe for a message: short, and without control characters.
    private func shown(_ name: String) -> String {
        String(name.unicodeScalars.prefix(32).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : Character($0) })
    }
}

extension ContentCoding {
    /// The bytes in this coding; nil for identity, and if there is not enough memory.
    package func compress(_ bytes: borrowing Span<UInt8>) -> SharedBytes? {
        switch self {
        case .identity: nil
        case .gzip: Gzip.compress(bytes)
        case .br: Brotli.compress(bytes)
        }
    }
}
