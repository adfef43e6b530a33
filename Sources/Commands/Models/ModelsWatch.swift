import EventLoop
import Glibc
import HTTPClient

/// Shows a list of models again and again, with marks on what has changed since the last time.
///
/// On a terminal it draws on the alternate screen, as pagers do, and restores the normal one at the end. Elsewhere each
/// list follows the one before.
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

    /// Why the first list could not be shown: the query was refused, or no Larder answered. Later failures are retried.
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
            throw ClientFailure("cannot watch signals: \(error)")
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
            guard response.status == 200 else { throw request.refusal(response) }
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
            // The last list stays on the screen: a restarted Larder will answer again.
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
            // Each line is cleared after its end, and the screen below the last line. Drawing over the old text instead
            // of clearing the screen avoids flicker.
            write("\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n") + "\u{1B}[J")
        } else {
            write(lines.joined(separator: "\n") + "\n\n")
        }
    }
}

/// What is different between two lists of models.
package struct ListChanges {
    /// What happened to a model.
    package enum Mark: String {
        /// It is new.
        case new = "+"
        /// A displayed value of it is different.
        case changed = "*"
    }

    private var marks: [String: Mark] = [:]

    /// The removed ids, in their former order.
    package let gone: [String]

    /// With no list before, nothing has changed.
    package init(from old: [ModelRow]?, to new: [ModelRow]) {
        guard let old else {
            gone = []
            return
        }
        let before = Dictionary(old.map { ($0.id, $0) }) { $1 }
        for row in new {
            if let former = before[row.id] {
                if former != row { marks[row.id] = .changed }
            } else {
                marks[row.id] = .new
            }
        }
        let ids = Set(new.map(\.id))
        gone = old.map(\.id).filter { !ids.contains($0) }
    }

    /// What happened to the model with an id; nil if it is unchanged.
    package func mark(of id: String) -> Mark? { marks[id] }

    /// Whether anything is different.
    package var isEmpty: Bool { marks.isEmpty && gone.isEmpty }

    /// How many of each, such as `1 new, 2 changed, 1 gone (acme/anvil)`; nil if nothing is different.
    package var summary: String? {
        if isEmpty { return nil }
        let new = marks.values.count { $0 == .new }
        let changed = marks.values.count { $0 == .changed }
        var parts: [String] = []
        if new > 0 { parts.append("\(new) new") }
        if changed > 0 { parts.append("\(changed) changed") }
        if !gone.isEmpty {
            let names = gone.prefix(3).joined(separator: ", ") + (gone.count > 3 ? ", ..." : "")
            parts.append("\(gone.count) gone (\(DisplayText.printable(names)))")
        }
        return parts.joined(separator: ", ")
    }
}
