import Bytes
internal import CCurl
import EventLoop

/// Who is told what has become of a fetch.
typealias FetchDone = (Result<FetchedResponse, FetchFailure>) -> Void

/// One fetch: a transfer, used again for each redirect, and what it has received so far.
final class Transfer: CurlTransfer {
    /// Who is told in the end.
    let done: FetchDone

    private unowned let client: UpstreamClient
    private let settings: UpstreamSettings
    private let isPost: Bool
    private let wantsCertificates: Bool
    private let begin: UInt64
    private var url: FetchURL
    private var redirects = 0
    /// The request's fields live here and nowhere else.
    private let lines: RequestLines
    private var head = ResponseHead()
    private var body = ByteBuilder()

    /// The connection's last word, where the body's end hangs on it.
    private var farewell: TLSFarewell?

    /// What of the body has been taken since others had a turn, in bytes.
    private var takenInTurn = 0

    /// The most to take before others have a turn, in bytes. curl reads and unpacks on the loop, for as long as there is
    /// something to read: a list that came all at once would hold up everybody else for milliseconds.
    private static let mostInTurn = 96 << 10

    static let redirectLimit = 3

    init(
        _ done: @escaping FetchDone, easy: EasyHandle, url: FetchURL, request: FetchRequest, client: UpstreamClient,
        now: UInt64
    ) {
        self.done = done
        self.url = url
        self.client = client
        settings = client.settings
        isPost = request.method == .post
        wantsCertificates = request.wantsCertificates
        begin = now
        var lines = RequestLines()
        for field in request.fields { lines.add(field.name.utf8.span, field.value.utf8.span) }
        self.lines = lines
        super.init(easy)
        easy.send(self.lines)
        configure()
        prepare(now: now)
    }

    /// What stays the same over redirects.
    private func configure() {
        _ = unsafe shim_easy_set_text(raw, CURLOPT_USERAGENT, settings.userAgent)
        _ = unsafe shim_easy_set_text(raw, CURLOPT_ACCEPT_ENCODING, "")
        // curl unpacks what it has read in one go, however often it is told to wait: `mostInTurn` is overstepped by what one
        // of these comes to. Its own choice is 16 KiB.
        _ = unsafe shim_easy_set_long(raw, CURLOPT_BUFFERSIZE, 4 << 10)
        _ = unsafe shim_easy_set_size(raw, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(settings.maximumBody))
        if isPost {
            _ = unsafe shim_easy_set_long(raw, CURLOPT_POST, 1)
            _ = unsafe shim_easy_set_long(raw, CURLOPT_POSTFIELDSIZE, 0)
            _ = unsafe shim_easy_set_text(raw, CURLOPT_COPYPOSTFIELDS, "")
        }
        if wantsCertificates { _ = unsafe shim_easy_set_long(raw, CURLOPT_CERTINFO, 1) }
        // Without TLS there is no HTTP/2, and waiting for a connection to share would only make requests queue.
        let version = url.origin.isSecure ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1
        _ = unsafe shim_easy_set_long(raw, CURLOPT_HTTP_VERSION, Int(version))
        _ = unsafe shim_easy_set_long(raw, CURLOPT_PIPEWAIT, url.origin.isSecure ? 1 : 0)
    }

    /// Makes ready for asking `url`: with the time that is left and without what was received before.
    private func prepare(now: UInt64) {
        let left = max(1, settings.timeout - Int((now - begin) / 1_000_000))
        _ = unsafe shim_easy_set_text(raw, CURLOPT_URL, url.text)
        _ = unsafe shim_easy_set_long(raw, CURLOPT_TIMEOUT_MS, left)
        _ = unsafe shim_easy_set_long(raw, CURLOPT_CONNECTTIMEOUT_MS, max(1, min(left, settings.connectTimeout)))
        head = ResponseHead()
        body.removeAll()
        farewell = nil
        forgetConnection()
    }

    /// What to do once curl has ended the transfer.
    enum Step {
        case finish(Result<FetchedResponse, FetchFailure>)
        case askAgain
    }

    func ended(_ code: CURLcode, issuer: String?, now: UInt64) -> Step {
        if let failure = failure(code, issuer: issuer, limit: settings.maximumBody) ?? lack {
            return .finish(.failure(failure))
        }
        if !isPost, [301, 302, 303, 307, 308].contains(head.status),
            let location = head.fields.first(where: { $0.name == "location" })
        {
            return follow(location.value, now: now)
        }
        let response = FetchedResponse(
            status: head.status, fields: head.fields, body: SharedBytes(copying: body.span),
            duration: .nanoseconds(now - begin),
            certificates: wantsCertificates ? unsafe ServerCertificate.shown(to: raw) : [])
        return .finish(.success(response))
    }

    /// What a response lacks with which curl is content: one whose head ends where the connection does.
    private var lack: FetchFailure? {
        if !hasHead { return .cut("the connection ended within the head") }
        return farewell?.wasSaid == false ? .cut("the connection ended without TLS's close_notify") : nil
    }

    /// Redirects are followed here and not by curl, because none may take the caller's key to another origin.
    private func follow(_ location: String, now: UInt64) -> Step {
        guard let next = url.redirected(to: location) else {
            return .finish(.failure(.malformed("it redirects to what is no http URL")))
        }
        guard next.origin == url.origin else { return .finish(.failure(.redirectElsewhere(next.origin.text))) }
        redirects += 1
        if redirects > Transfer.redirectLimit {
            return .finish(.failure(.tooManyRedirects(limit: Transfer.redirectLimit)))
        }
        url = next
        prepare(now: now)
        return .askAgain
    }

    override var hasHead: Bool { head.isComplete }

    override func add(line: Span<UInt8>) -> Taken {
        if head.add(line) {
            if head.endsWithConnection, farewell == nil { unsafe farewell = TLSFarewell(raw) }
            return .all
        }
        return stop(.malformed("its head has more than \(ResponseHead.maximumBytes) bytes"))
    }

    override func add(bytes: Span<UInt8>) -> Taken {
        if body.count + bytes.count > settings.maximumBody { return stop(.tooLarge(limit: settings.maximumBody)) }
        if takenInTurn >= Transfer.mostInTurn {
            client.goOnLater(self)
            return .later
        }
        takenInTurn += bytes.count
        body.append(bytes)
        return .all
    }

    /// Others have had a turn.
    func beginTurn() { takenInTurn = 0 }
}
