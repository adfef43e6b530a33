import Bytes
import EventLoop
import JSONDocument
import Upstream

/// What a running Larder says of itself, as `larder status` shows it.
public enum StatusReport {
    /// Asks for it; the whole output.
    public static func run(
        _ address: LarderAddress, asJSON: Bool, style: TerminalStyle
    ) throws(ClientFailure) -> [UInt8] {
        let response = try LarderClient.askSuccessfully(address, "/_larder/status")
        guard let document = try? JSONDocument(parsing: response.body.span), document.root.kind == .object else {
            throw ClientFailure("\(address) does not tell its status: is it a Larder?")
        }
        if asJSON {
            let body = response.body.span.copied()
            return body.last == 0x0A ? body : body + [0x0A]
        }
        let page = StatusText(document.root, now: Int(Loop.wallSeconds))
        return Array((page.lines(style).joined(separator: "\n") + "\n").utf8)
    }
}
