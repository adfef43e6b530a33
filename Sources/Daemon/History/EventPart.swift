import Bytes
import History
import Threads

/// A page of a stream of events, written.
struct EventPart: Sendable {
    /// The page.
    let page: EventPage
    /// Its events.
    let text: EventText

    /// Writes the events of a page. It takes milliseconds if there are many, so do not call it on a loop.
    init(_ page: EventPage) {
        self.page = page
        var text = ByteBuilder(capacity: page.events.count * 256 + 1)
        for event in page.events {
            EventStream.append(event, to: &text)
            Throttle.pauseIfNeeded()
        }
        self.text = EventText(text.span)
    }
}

/// Text of a stream of events.
struct EventText: Sendable {
    /// As a chunk (RFC 9112 section 7.1). Not to be sent if the text is empty.
    let chunk: ByteSlice
    /// Without what makes it a chunk, for clients of HTTP/1.0.
    let bare: ByteSlice

    /// A copy of a text.
    init(_ text: Span<UInt8>) {
        var out = ByteBuilder(capacity: text.count + 20)
        out.append(chunk: text)
        let bytes = out.finish()
        chunk = bytes.all
        // A line break follows it.
        let end = bytes.count - 2
        bare = bytes[end - text.count..<end]
    }

    /// The comment that shows that the connection lives.
    static let keepAlive: EventText = {
        var text = ByteBuilder(capacity: 8)
        EventStream.appendKeepAlive(to: &text)
        return EventText(text.span)
    }()
}
