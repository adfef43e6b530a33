internal import CCurl

/// What OpenSSL knows about a client's connections and curl does not report: whose certificate was not trusted, and
/// whether the peer ended TLS cleanly.
///
/// It decides nothing: the results of OpenSSL and curl are passed on unchanged. If curl was built with another library,
/// nothing is known.
@safe final class TLSWatch {
    private var issuer: String?

    /// Watches the connections that a transfer makes. They may outlive it, but not this object.
    func apply(to easy: UnsafeMutableRawPointer) {
        // Unretained: the client holds it until every connection is closed.
        _ = unsafe shim_easy_set_context(easy, contextMade, Unmanaged.passUnretained(self).toOpaque())
    }

    /// The issuer of the last certificate that was not trusted, returned once.
    func takeIssuer() -> String? {
        defer { issuer = nil }
        return issuer
    }

    fileprivate func watch(_ context: OpaquePointer) {
        unsafe SSL_CTX_set_ex_data(context, watchIndex, Unmanaged.passUnretained(self).toOpaque())
        unsafe SSL_CTX_set_verify(context, SSL_CTX_get_verify_mode(context), certificateVerified)
        unsafe SSL_CTX_set_info_callback(context, stateChanged)
        unsafe shim_require_close_notify(context)
    }

    fileprivate func distrusted(_ certificate: OpaquePointer) {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { room in
            unsafe shim_issuer(certificate, room.baseAddress, Int32(room.count))
            issuer = unsafe String(cString: room.baseAddress!)
        }
    }
}

/// Whether the peer of one connection has announced that it sends no more, as TLS requires (`close_notify`).
///
/// A body without a length ends with the connection, and only this distinguishes its end from a cut (RFC 9112 section
/// 9.8). curl of Debian 12 does not check.
@safe final class TLSCloseNotify {
    /// Reference-counted: the connection is gone when the result is needed.
    private let context: OpaquePointer

    /// The result for the connection that a transfer uses; nil without TLS. Call it while there is a connection: within
    /// curl's callbacks, or for a connection of our own.
    init?(_ easy: UnsafeMutableRawPointer) {
        guard let context = unsafe shim_easy_context(easy), unsafe SSL_CTX_up_ref(context) == 1 else { return nil }
        unsafe self.context = context
    }

    deinit { unsafe SSL_CTX_free(context) }

    var wasReceived: Bool { unsafe SSL_CTX_get_ex_data(context, closeNotifyIndex) != nil }
}

/// The index at which a context keeps its `TLSWatch`.
private let watchIndex = shim_new_context_index()

/// The index at which a context records that `close_notify` was received: anything but nil. curl makes a context for
/// each connection.
private let closeNotifyIndex = shim_new_context_index()

// MARK: C callbacks

private func contextMade(
    _ easy: UnsafeMutableRawPointer?, _ context: UnsafeMutableRawPointer?, _ watch: UnsafeMutableRawPointer?
) -> CURLcode {
    unsafe Unmanaged<TLSWatch>.fromOpaque(watch!).takeUnretainedValue().watch(OpaquePointer(context!))
    unsafe CurlTransfer.of(easy!).handshakeBegan()
    return CURLE_OK
}

private func certificateVerified(_ isGood: Int32, _ store: OpaquePointer?) -> Int32 {
    if isGood != 0 { return isGood }
    let tls = unsafe OpaquePointer(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()))
    guard let watch = unsafe SSL_CTX_get_ex_data(SSL_get_SSL_CTX(tls), watchIndex),
        let certificate = unsafe X509_STORE_CTX_get_current_cert(store)
    else { return isGood }
    unsafe Unmanaged<TLSWatch>.fromOpaque(watch).takeUnretainedValue().distrusted(certificate)
    return isGood
}

private func stateChanged(_ tls: OpaquePointer?, _ position: Int32, _ value: Int32) {
    guard shim_is_close_notify(position, value) != 0, let context = unsafe SSL_get_SSL_CTX(tls) else { return }
    unsafe SSL_CTX_set_ex_data(context, closeNotifyIndex, UnsafeMutableRawPointer(context))
}
