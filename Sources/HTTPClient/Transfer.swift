import Bytes
internal import CCurl
import EventLoop

/// Receives the result of a fetch.
typealias FetchDone = (Result<FetchedResponse, FetchFailure>) -> Void

/// One fetch: a transfer, reused for each redirect, and what it has received so far.
final class Transfer: CurlTransfer {
    /// Receives the result at the end.
    let done: FetchDone

    private unowned let client: UpstreamClient
    private let settings: UpstreamSettings
    private let isPost: Bool
    /// Whether there is room for a body of this many bytes.
    private let mayReceive: ((Int) -> Bool)?
    private let wantsCertificates: Bool
    private let begin: UInt64
    private var url: FetchURL

    /// Where the current request goes.
    var origin: Origin { url.origin }
    private var redirects = 0
    private var attempts = FetchAttempts()
    /// The request's fields are kept here and nowhere else.
    private let lines: RequestLines
    private var head = ResponseHead()
    private var body = ByteBuilder()

    /// The connection's `close_notify`, if the end of the body depends on it.
    private var closeNotify: TLSCloseNotify?

    /// How many bytes of the body were taken since others had a turn.
    private var takenInTurn = 0

    /// The maximum number of bytes to take before others have a turn. curl reads on the loop for as long as there is
    /// something to read: a large body that arrived all at once would block all others for milliseconds.
    private static let mostInTurn = 96 << 10

    static let redirectLimit = 3

    init(
        _ done: @escaping FetchDone, easy: EasyHandle, url: FetchURL, request: FetchRequest, client: UpstreamClient,
        mayReceive: ((Int) -> Bool)?, now: UInt64
    ) {
        self.done = done
        self.mayReceive = mayReceive
        self.url = url
        self.client = client
        var settings = client.settings
        if let timeout = request.timeout { settings.timeout = min(settings.timeout, timeout) }
        self.settings = settings
        isPost = request.method == .post
        wantsCertificates = request.wantsCertificates
        begin = now
        var lines = RequestLines()
        for field in request.fields { lines.add(field.name.utf8.span, field.value.utf8.span) }
        if let authorization = request.authorization { lines.add("Authorization".utf8.span, authorization.span) }
        self.lines = lines
        super.init(easy)
        easy.send(self.lines)
        configure()
        prepare(now: now)
    }

    /// The options that stay the same across redirects.
    private func configure() {
        _ = unsafe shim_easy_set_text(raw, CURLOPT_USERAGENT, settings.userAgent)
        _ = unsafe shim_easy_set_size(raw, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(settings.maximumBody))
        if isPost {
            _ = unsafe shim_easy_set_long(raw, CURLOPT_POST, 1)
            _ = unsafe shim_easy_set_long(raw, CURLOPT_POSTFIELDSIZE, 0)
            _ = unsafe shim_easy_set_text(raw, CURLOPT_COPYPOSTFIELDS, "")
        }
        if wantsCertificates {
            _ = unsafe shim_easy_set_long(raw, CURLOPT_CERTINFO, 1)
            // Where a session is resumed, the server shows no certificate.
            _ = unsafe shim_easy_set_long(raw, CURLOPT_SSL_SESSIONID_CACHE, 0)
        }
        // Without TLS there is no HTTP/2, and waiting for a connection to share would only make requests queue.
        let version = url.origin.isSecure ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1
        _ = unsafe shim_easy_set_long(raw, CURLOPT_HTTP_VERSION, Int(version))
        _ = unsafe shim_easy_set_long(raw, CURLOPT_PIPEWAIT, url.origin.isSecure ? 1 : 0)
    }

    /// The time left for the whole fetch, in milliseconds.
    private func timeLeft(_ now: UInt64) -> Int {
        max(0, settings.timeout - Int(clamping: now.elapsed(since: begin) / 1_000_000))
    }

    /// Prepares a request for `url`, with the remaining time and without the data received before.
    private func prepare(now: UInt64) {
        let left = max(1, timeLeft(now))
        _ = unsafe shim_easy_set_text(raw, CURLOPT_URL, url.text)
        _ = unsafe shim_easy_set_long(raw, CURLOPT_TIMEOUT_MS, left)
        _ = unsafe shim_easy_set_long(raw, CURLOPT_CONNECTTIMEOUT_MS, max(1, min(left, settings.connectTimeout)))
        head = ResponseHead()
        body.removeAll()
        closeNotify = nil
        forgetConnection()
    }

    /// What to do once curl has ended the transfer.
    enum Step {
        case finish(Result<FetchedResponse, FetchFailure>)
        case askAgain
    }

    func ended(_ code: CURLcode, issuer: String?, now: UInt64) -> Step {
        if let failure = failure(code, issuer: issuer, limit: settings.maximumBody) ?? lack {
            let verdict = attempts.failed(
                failure, isHTTP2Error: code == CURLE_HTTP2, mayRepeat: !isPost && timeLeft(now) > 0)
            if verdict.isConnectionSuspect { client.suspect(self) }
            guard verdict.shouldRepeat else { return .finish(.failure(failure)) }
            // All connections from now on are new. Over HTTP/2, the fetches that failed together share a new one.
            wantsNewConnection = false
            prepare(now: now)
            return .askAgain
        }
        if !isPost, [301, 302, 303, 307, 308].contains(head.status),
            let location = head.fields.first(where: { $0.name == "location" })
        {
            return follow(location.value, now: now)
        }
        let response = FetchedResponse(
            status: head.status, fields: head.fields, body: takeBody(),
            duration: .nanoseconds(Int64(clamping: now.elapsed(since: begin))),
            certificates: wantsCertificates ? unsafe ServerCertificate.shown(to: raw) : [])
        return .finish(.success(response))
    }

    /// The body, once receiving has ended.
    private func takeBody() -> SharedBytes {
        var taken = ByteBuilder(capacity: 0)
        swap(&taken, &body)
        // A body that is stored for long should not hold much more memory than its bytes.
        let isLoose = taken.count < taken.capacity - taken.capacity / 8
        return isLoose ? SharedBytes(copying: taken.span) : taken.finish()
    }

    /// What is missing from a response that curl accepts: its head ends where the connection does.
    private var lack: FetchFailure? {
        if !hasHead { return .cut("the connection ended within the head") }
        return closeNotify?.wasReceived == false ? .cut("the connection ended without TLS's close_notify") : nil
    }

    /// Redirects are followed here and not by curl, so that no redirect can take the caller's key to another origin.
    private func follow(_ location: String, now: UInt64) -> Step {
        guard let next = url.redirected(to: location) else {
            return .finish(.failure(.malformed("it redirects to a URL that is not http or https")))
        }
        guard next.origin == url.origin else { return .finish(.failure(.redirectElsewhere(next.origin.text))) }
        redirects += 1
        if redirects > Transfer.redirectLimit {
            return .finish(.failure(.tooManyRedirects(limit: Transfer.redirectLimit)))
        }
        url = next
        attempts = FetchAttempts()
        wantsNewConnection = false
        prepare(now: now)
        return .askAgain
    }

    override func mayBegin(onNewConnection: Bool) -> Bool {
        let verdict = attempts.begin(onNewConnection: onNewConnection)
        if verdict.isConnectionSuspect { client.suspect(self) }
        guard verdict.maySend else {
            _ = stop(.cut("upstream closed the connection or refused the request twice before an answer"))
            return false
        }
        // If this attempt fails, the next one, curl's own or ours, uses another connection.
        wantsNewConnection = true
        return true
    }

    override var hasHead: Bool { head.isComplete }

    override func add(line: Span<UInt8>) -> Taken {
        attempts.answered()
        if head.add(line) {
            if head.hasForeignTransferCoding {
                // curl would decode it, on the loop and without a limit, or ignore it. The request did not ask for one
                // (RFC 9110 section 10.1.4). curl closes the connection of a transfer that is stopped.
                return stop(.malformed("it has a transfer coding that was not requested"))
            }
            if head.endsWithConnection, closeNotify == nil { unsafe closeNotify = TLSCloseNotify(raw) }
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
        guard makeRoom(for: bytes.count) else { return stop(.noRoom) }
        takenInTurn += bytes.count
        body.append(bytes)
        return .all
    }

    /// Reserves room for further bytes of the body, if that is allowed: for the announced length, else for twice as
    /// many as before.
    private func makeRoom(for more: Int) -> Bool {
        let needed = body.count + more
        guard needed > body.capacity else { return true }
        let announced = body.isEmpty ? number(CURLINFO_CONTENT_LENGTH_DOWNLOAD_T) : 0
        let wished = max(needed, min(settings.maximumBody, max(announced, body.capacity * 2)))
        if let mayReceive, !mayReceive(wished) {
            guard wished > needed, mayReceive(needed) else { return false }
            body.reserve(more)
        } else {
            body.reserve(wished - body.count)
        }
        return true
    }

    /// Others have had a turn.
    func beginTurn() { takenInTurn = 0 }
}

/// Counts how often a fetch's request was sent, and decides what a failed attempt means: whether to send it once more,
/// and whether the connections made so far can still be trusted.
///
/// A kept connection may have died without notice: a NAT forgot it, a VPN changed the route, the machine slept. A
/// server may also end a connection just as a request is sent on it. Over HTTP/2 it says so (GOAWAY, REFUSED_STREAM;
/// RFC 9113 sections 6.8 and 8.7). In all these cases no part of an answer has arrived, and a request without effects
/// is sent again, once.
struct FetchAttempts {
    /// The maximum number of times that one request is sent.
    static let most = 2

    private var count = 0
    private var isOnKeptConnection = false
    private var hasAnswer = false

    /// A request begins, on a new connection or on a kept one. `maySend` is false once it was sent often enough;
    /// `isConnectionSuspect` is true if an earlier attempt failed.
    mutating func begin(onNewConnection: Bool) -> (maySend: Bool, isConnectionSuspect: Bool) {
        count += 1
        isOnKeptConnection = !onNewConnection
        hasAnswer = false
        return (count <= Self.most, count > 1)
    }

    /// Part of a response has arrived.
    mutating func answered() { hasAnswer = true }

    /// The attempt has failed. `isHTTP2Error` means that libcurl reported an error of the whole HTTP/2 connection. It
    /// does so after GOAWAY, even if that refused the request on a new connection. `mayRepeat` means that the request
    /// has no effects and time is left.
    func failed(
        _ failure: FetchFailure, isHTTP2Error: Bool, mayRepeat: Bool
    ) -> (shouldRepeat: Bool, isConnectionSuspect: Bool) {
        // Without a request there was no connection: this says nothing about the existing ones.
        guard count > 0 else { return (false, false) }
        switch failure {
        case .timeout(.head), .timeout(.body): return (false, true)
        case .cut: break
        case .malformed where isHTTP2Error: break
        default: return (false, false)
        }
        return (mayRepeat && (isOnKeptConnection || isHTTP2Error) && !hasAnswer && count < Self.most, true)
    }
}
