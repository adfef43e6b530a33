/// What a scripted origin does about one request.
public indirect enum OriginReply: Sendable {
    /// Answers. `Content-Length` or `Transfer-Encoding` is added as the body wants it, unless the fields have it.
    case response(status: Int, fields: MessageFields, body: OriginBody)
    /// Sends these bytes as they are, well formed or not, and closes.
    case garbage([UInt8])
    /// Closes without a byte.
    case close
    /// Resets the connection without a byte.
    case reset
    /// Says nothing until the other side leaves or the origin stops.
    case hang
    /// Waits, then goes on.
    case delayed(Duration, OriginReply)
    /// Waits until the gate is opened, then goes on.
    case held(OriginGate, OriginReply)
}

/// The body of a scripted response, whole or not.
public enum OriginBody: Sendable {
    /// A whole body with its length.
    case bytes([UInt8])
    /// A whole body in these chunks, with a pause between them.
    case chunked([[UInt8]], pause: Duration = .zero)
    /// A whole body in these chunks. `willSend` is called with the number of each, from 0, just before it goes out; it may
    /// block.
    case announced([[UInt8]], willSend: @Sendable (Int) -> Void)
    /// A body of `count` equal bytes with its length, made as it is sent.
    case repeated(UInt8, count: Int)
    /// A body that waits behind its first part until the gate is opened; `Content-Length` is that of both parts.
    case gated([UInt8], OriginGate, [UInt8])
    /// A body that stops for good after these bytes, of `declared` ones.
    case hanging(after: [UInt8], declared: Int)
    /// A body cut short: these bytes of `declared` ones, then the connection closes.
    case cut(after: [UInt8], declared: Int)
    /// A chunked body whose last chunk never comes: the connection closes instead.
    case cutChunks([[UInt8]])
    /// A body that ends where the connection does, with no length.
    case untilClose([UInt8])

    /// A whole body of text with its length.
    public static func text(_ text: String) -> OriginBody { .bytes(Array(text.utf8)) }
}

extension OriginReply {
    /// A whole JSON answer.
    public static func json(_ text: String, status: Int = 200, _ fields: MessageFields = [:]) -> OriginReply {
        var fields = fields
        if fields["Content-Type"] == nil { fields["Content-Type"] = "application/json" }
        return .response(status: status, fields: fields, body: .text(text))
    }

    /// An answer with no body to speak of.
    public static func status(_ status: Int, _ fields: MessageFields = [:]) -> OriginReply {
        .response(status: status, fields: fields, body: .bytes([]))
    }
}
