import Bytes
internal import CCurl
import EventLoop

/// What one of curl's easy handles is used for; what becomes of what it receives is its subclasses' part.
@safe class CurlTransfer {
    let easy: EasyHandle
    let raw: UnsafeMutableRawPointer

    private var isShakingHands = false

    /// Whether curl is to use none of the kept connections.
    final var wantsNewConnection = false {
        didSet { _ = unsafe shim_easy_set_long(raw, CURLOPT_FRESH_CONNECT, wantsNewConnection ? 1 : 0) }
    }

    /// Why we ourselves made curl stop.
    private(set) var stopped: FetchFailure?

    init(_ easy: EasyHandle) {
        self.easy = easy
        unsafe raw = easy.raw
        unsafe easy.errorText.pointee = 0
        unsafe easy.user = self
    }

    // MARK: For the subclasses to say

    /// What was done with what curl has received.
    enum Taken {
        case all
        /// Nothing: curl keeps it, and receives no more until `CurlMulti.allow`.
        case later
        /// Nothing, and the transfer is to end: see `stop`.
        case never
    }

    /// Whether the final response's head is complete.
    var hasHead: Bool { false }

    /// Takes a line of a head, or of the trailers; it never comes later.
    func add(line: Span<UInt8>) -> Taken { .all }

    /// Takes bytes of the body.
    func add(bytes: Span<UInt8>) -> Taken { .all }

    // MARK: For the subclasses to use

    /// Ends the transfer for a reason of ours; for within a callback.
    final func stop(_ failure: FetchFailure) -> Taken {
        stopped = stopped ?? failure
        return .never
    }

    /// Makes ready for being asked again.
    final func forgetConnection() {
        unsafe easy.errorText.pointee = 0
        isShakingHands = false
    }

    /// TLS has begun on a new connection of this transfer's.
    final func handshakeBegan() { isShakingHands = true }

    /// What went wrong by curl's code, or why we made it stop; nil if nothing did.
    final func failure(_ code: CURLcode, issuer: String?, limit: Int = .max) -> FetchFailure? {
        if let stopped { return stopped }
        if code == CURLE_OK { return nil }
        return FetchFailure(code, text: text(code), issuer: issuer, phase: phase, limit: limit)
    }

    /// curl's own words for a code: about this transfer, or else for any.
    final func text(_ code: CURLcode) -> String {
        unsafe String(cString: easy.errorText.pointee == 0 ? curl_easy_strerror(code) : UnsafePointer(easy.errorText))
    }

    /// How far the transfer has come, by the times that curl has noted down: those not reached are 0.
    final var phase: FetchPhase {
        if hasHead { return .body }
        if number(CURLINFO_PRETRANSFER_TIME_T) > 0 { return .head }
        if isShakingHands { return .handshake }
        return number(CURLINFO_NAMELOOKUP_TIME_T) > 0 ? .connecting : .resolving
    }

    /// One of curl's counts or times.
    final func number(_ info: CURLINFO) -> Int {
        var value = curl_off_t(0)
        _ = unsafe shim_easy_get_size(raw, info, &value)
        return Int(value)
    }

    /// The transfer of an easy handle.
    static func of(_ easy: UnsafeMutableRawPointer) -> CurlTransfer {
        var handle: UnsafeMutableRawPointer?
        _ = unsafe shim_easy_get_pointer(easy, CURLINFO_PRIVATE, &handle)
        return unsafe user(of: handle)
    }
}

/// The transfer that a callback is for, whose context is the `EasyHandle`.
func user(of context: UnsafeMutableRawPointer?) -> CurlTransfer {
    unsafe Unmanaged<EasyHandle>.fromOpaque(context!)._withUnsafeGuaranteedRef { unsafe $0.user! }
}

// MARK: C callbacks

func lineReceived(
    _ start: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let line = unsafe UnsafeRawBufferPointer(start: start, count: size * count)
    return answer(unsafe user(of: context).add(line: Span(_unsafeBytes: line)), line.count)
}

func bytesReceived(
    _ start: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let bytes = unsafe UnsafeRawBufferPointer(start: start, count: size * count)
    return answer(unsafe user(of: context).add(bytes: Span(_unsafeBytes: bytes)), bytes.count)
}

private func answer(_ taken: CurlTransfer.Taken, _ count: Int) -> Int {
    switch taken {
    case .all: count
    case .later: Int(CURL_WRITEFUNC_PAUSE)
    case .never: -1
    }
}
