import EventLoop
import Glibc
import Upstream

/// Shows a list of models again and again, with marks on what has changed since the last time.
///
/// On a terminal it draws on the other screen, as pagers do, and gives the first one back in the end. Elsewhere each list
/// follows the one before.
final class ModelsWatch {
    private let request: ModelsRequest
    private let milliseconds: Int
    private let loop: Loop
    private let style: () -> TerminalStyle
    private let write: (String) -> Void
    private let client: LarderClient
    private var timer: LoopTimer?
    private var signals: [SignalWatch] = []

    private var last: ModelsAnswer?
    private var page: ModelsPage?
    private var problem: String?
    private var isOnOtherScreen = false
    private var isEnded = false

    /// Why nothing could ever be shown: a query that is refused, or no Larder. Later on, that would be waited out.
    private(set) var failure: ClientFailure?

    init(
        _ request: ModelsRequest, every seconds: Double, on loop: Loop, style: @escaping () -> TerminalStyle,
        write: @escaping (String) -> Void
    ) throws(ClientFailure) {
        self.request = request
        milliseconds = Int(seconds * 1000)
        self.loop = loop
        self.style = style
        self.write = write
        client = try LarderClient(on: loop, request.address)
    }

    /// Begins; from now on the loop has work until a signal comes.
    func start() throws(ClientFailure) {
        timer = LoopTimer(on: loop) { [unowned self] in ask() }
        do {
            for signal in [SIGINT, SIGTERM, SIGHUP] {
                signals.append(try SignalWatch(on: loop, signal: signal) { [unowned self] in end() })
            }
            signals.append(try SignalWatch(on: loop, signal: SIGWINCH) { [unowned self] in draw() })
        } catch {
            end()
            throw ClientFailure("signals cannot be watched: \(error)")
        }
        ask()
    }

    private func end() {
        guard !isEnded else { return }
        isEnded = true
        timer?.close()
        for signal in signals { signal.close() }
        client.close()
        if isOnOtherScreen { write("\u{1B}[?25h\u{1B}[?1049l") }
    }

    private func ask() {
        client.send(request.path, fields: request.fields) { [unowned self] answer in
            if isEnded { return }
            take(answer)
            if isEnded { return }
            timer?.start(after: milliseconds)
        }
    }

    private func take(_ answer: LarderClient.Answer) {
        do throws(ClientFailure) {
            let response = try answer.get()
            guard response.status == 200 else { throw ClientFailure(response, at: request.address) }
            let list = try ModelsAnswer(response)
            page = ModelsPage(
                list: list, changes: ListChanges(from: last?.rows, to: list.rows), now: Int(Loop.wallSeconds))
            last = list
            problem = nil
        } catch {
            guard last != nil else {
                failure = error
                return end()
            }
            // What was there stays on the screen: a Larder that is started anew comes back.
            problem = error.description
        }
        draw()
    }

    private func draw() {
        guard page != nil else { return }
        let style = style()
        if style.isStyled, !isOnOtherScreen {
            isOnOtherScreen = true
            // The other screen, and no cursor on it.
            write("\u{1B}[?1049h\u{1B}[?25l")
        }
        let height = style.isStyled ? style.height.map { $0 - (problem == nil ? 0 : 1) } : nil
        var lines = page?.lines(style, height: height) ?? []
        if let problem {
            lines.append(style.apply(.red, to: style.fitted(problem)))
        }
        if style.isStyled {
            // Each line is cleared behind its end and the screen below the last: drawn over, not wiped, it does not flicker.
            write("\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n") + "\u{1B}[J")
        } else {
            write(lines.joined(separator: "\n") + "\n\n")
        }
    }
}
