import Bytes
import Compression
import Digest
import FoundationEssentials
import HTTPCore
import Page

/// The page `/_larder/`, joined from its parts once, at start.
///
/// It is one document. Its style and its script stand in it and are named by their digests in `Content-Security-Policy`, so
/// a browser runs these and nothing else, whatever a model's name may hold.
final class LarderPage: Sendable {
    /// One form of the page, as it is sent.
    struct Form: Sendable {
        let body: SharedBytes
        /// The entity tag with its quotes.
        let entityTag: SharedBytes
        let coding: ContentCoding
    }

    /// The page as it is.
    let plain: Form
    /// The page compressed; nil if there was no memory for that.
    let compressed: Form?
    /// The icon.
    let icon: Form
    /// The value of `Content-Security-Policy`.
    let policy: SharedBytes

    /// The page of this program.
    convenience init() {
        self.init(
            document: PageParts.document, style: Self.joined(PageParts.styles), script: Self.joined(PageParts.scripts))
    }

    /// A page of a document and what stands in it.
    init(document: [UInt8], style: [UInt8], script: [UInt8]) {
        var text = String(decoding: document, as: UTF8.self)
        text.replace(
            "<!-- style -->", with: "<style>" + String(decoding: style, as: UTF8.self) + "</style>", maxReplacements: 1)
        text.replace(
            "<!-- script -->", with: "<script type=\"module\">" + String(decoding: script, as: UTF8.self) + "</script>",
            maxReplacements: 1)
        let body = SharedBytes(utf8: text)
        let tag = String(SHA256.digest(of: body.span).hex.prefix(16))
        plain = Form(body: body, entityTag: SharedBytes(utf8: "\"\(tag)\""), coding: .identity)
        compressed = Gzip.compress(body.span, level: 9).map {
            Form(body: $0, entityTag: SharedBytes(utf8: "\"\(tag)-gzip\""), coding: .gzip)
        }
        let picture = SharedBytes(copying: PageParts.icon.span)
        let pictureTag = SharedBytes(utf8: "\"\(SHA256.digest(of: picture.span).hex.prefix(16))\"")
        icon = Form(body: picture, entityTag: pictureTag, coding: .identity)
        policy = SharedBytes(utf8: Self.policy(style: style, script: script))
    }

    /// The form for a client that takes `coding`.
    func form(for coding: ContentCoding) -> Form {
        if coding == .gzip, let compressed { return compressed }
        return plain
    }

    /// Nothing is allowed but what the page does: its own style and script, requests to where it came from, pictures that
    /// stand in it. `trusted-types 'none'` has the browser refuse to make HTML out of text at all.
    private static func policy(style: [UInt8], script: [UInt8]) -> String {
        [
            "default-src 'none'", "style-src 'sha256-\(digest(style))'", "script-src 'sha256-\(digest(script))'",
            "connect-src 'self'", "img-src data: 'self'", "base-uri 'none'", "form-action 'none'",
            "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
        ].joined(separator: "; ")
    }

    private static func digest(_ bytes: [UInt8]) -> String {
        Data(SHA256.digest(of: bytes.span).bytes).base64EncodedString()
    }

    private static func joined(_ parts: [[UInt8]]) -> [UInt8] { Array(parts.joined()) }
}
