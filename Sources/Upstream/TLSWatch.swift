internal import CCurl

/// What OpenSSL knows about a client's connections and curl does not tell: whose certificate was not trusted, and
/// whether the peer ended TLS in good order.
///
/// It decides nothing: OpenSSL's and curl's verdicts are passed on. If curl was built with another library, nothing is
/// known.
@safe final class TLSWatch {
    private var issuer: String?

    /// Watches the connections that a transfer makes. They may outlive it, but not this object.
    func apply(to easy: UnsafeMutableRawPointer) {
        // Unretained: the client holds it until every connection is closed.
        _ = unsafe shim_easy_set_context(easy, contextMade, Unmanaged.passUnretained(self).toOpaque())
    }

    /// The issuer of the last certificate that was not trusted, told once.
    func takeIssuer() -> String? {
        defer { issuer = nil }
        return issuer
    }

    fileprivate func watch(_ context: OpaquePointer) {
        unsafe SSL_CTX_set_ex_data(context, watchIndex, Unmanaged.passUnretained(self).toOpaque())
        unsafe SSL_CTX_set_verify(context, SSL_CTX_get_verify_mode(context), certificateVerified)
        unsafe SSL_CTX_set_info_callback(context, stateChanged)
        unsafe shim_mind_missing_farewell(context)
    }

    fileprivate func distrusted(_ certificate: OpaquePointer) {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { room in
            unsafe shim_issuer(certificate, room.baseAddress, Int32(room.count))
            issuer = unsafe String(cString: room.baseAddress!)
        }
    }
}

/// Whether the peer of one connection has said that it sends no more, as TLS wants it (`close_notify`).
///
/// A body without a length ends with the connection, and only this tells its end from a cut (RFC 9112 section 9.8).
/// curl of Debian 12 does not ask.
@safe final class TLSFarewell {
    /// Counted: the connection is gone when the question is put.
    private let context: OpaquePointer

    /// Of the connection that a transfer uses; nil without TLS. While there is one: within curl's callbacks, or of one that is ours.
    init?(_ easy: UnsafeMutableRawPointer) {
        guard let context = unsafe shim_easy_context(easy), unsafe SSL_CTX_up_ref(context) == 1 else { return nil }
        unsafe self.context = context
    }

    deinit { unsafe SSL_CTX_free(context) }

    var wasSaid: Bool { unsafe SSL_CTX_get_ex_data(context, farewellIndex) != nil }
}

/// Where a context keeps its `TLSWatch`.
private let watchIndex = shim_new_context_index()

/// Where a context keeps whether the farewell was said: anything but nil. curl makes a context for each connection.
private let farewellIndex = shim_new_context_index()

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

private func stateChanged(_ tls: OpaquePointer?, _ place: Int32, _ value: Int32) {
    guard shim_is_farewell(place, value) != 0, let context = unsafe SSL_get_SSL_CTX(tls) else { return }
    unsafe SSL_CTX_set_ex_data(context, farewellIndex, UnsafeMutableRawPointer(context))
}
