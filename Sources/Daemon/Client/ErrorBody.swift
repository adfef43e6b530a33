internal import Bytes
import JSONDocument

/// The body of an error: `{"error":{"code":400,"message":"..."}}`.
enum ErrorBody {
    /// The message, if the body has that form.
    static func message(_ body: SharedBytes) -> String? {
        guard let document = try? JSONDocument(parsing: body.span) else { return nil }
        return document.root["error"]?["message"]?.string
    }
}
