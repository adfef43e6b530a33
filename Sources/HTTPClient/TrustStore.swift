internal import CCurl
import Glibc

/// The trusted certificate authorities: the system's, or those that the environment names instead, plus those of our
/// own file.
///
/// curl accepts one bundle, so if we have our own file, both are joined in a file in memory. A file name is better than
/// curl's in-memory option, because curl caches what it has read from a name. Reading the system's bundle again for
/// each connection takes tens of milliseconds, on the loop.
///
/// It also keeps the TLS sessions of the servers that these authorities vouch for. A new connection resumes one, without
/// the exchange and the check of certificates, which take a good part of a millisecond on the loop.
@safe final class TrustStore {
    /// The bundle, for CURLOPT_CAINFO.
    private let bundle: String

    /// The directory of hashed certificates, for CURLOPT_CAPATH; nil for none.
    private let directory: String?

    /// The joined bundle, which lives as long as this object; -1 if there is none.
    private let memory: Int32

    private let sessions = TLSSessions()

    init(caFile: String?) throws(UpstreamError) {
        // The curl tool does this; the library alone does not.
        let builtIn = builtInPlaces()
        let bundle = variable("CURL_CA_BUNDLE") ?? variable("SSL_CERT_FILE") ?? builtIn.bundle
        let directory = variable("SSL_CERT_DIR") ?? builtIn.directory
        // The built-in directory only repeats the built-in bundle, and would keep curl from caching what it has read.
        self.directory = bundle == builtIn.bundle && directory == builtIn.directory ? nil : directory
        guard let caFile else {
            self.bundle = bundle
            memory = -1
            return
        }
        let own = try contents(caFile)
        if !holdsCertificate(own) {
            throw UpstreamError(description: "there is no certificate in the CA file \(caFile)")
        }
        // A system without a bundle of its own trusts only ours.
        let joined = ((try? contents(bundle)) ?? []) + [0x0A] + own
        memory = unsafe shim_memory_file("larder-ca")
        if memory < 0 || !write(joined, to: memory) {
            let reason = systemMessage()
            // There is no `deinit` of an object that was never made.
            if memory >= 0 { _ = Glibc.close(memory) }
            throw UpstreamError(description: "the CA file \(caFile) cannot be combined with the system's: \(reason)")
        }
        self.bundle = "/proc/self/fd/\(memory)"
    }

    deinit { if memory >= 0 { _ = Glibc.close(memory) } }

    /// Sets the options of an easy handle, which must not outlive this object.
    func apply(to easy: UnsafeMutableRawPointer) {
        _ = unsafe shim_easy_set_pointer(easy, CURLOPT_SHARE, sessions.raw)
        _ = unsafe shim_easy_set_text(easy, CURLOPT_CAINFO, bundle)
        _ = unsafe shim_easy_set_text(easy, CURLOPT_CAPATH, directory)
    }
}

/// TLS sessions, which the easy handles of one thread share. Without it each handle has its own, and so each connection.
@safe private final class TLSSessions {
    let raw = unsafe curl_share_init()

    init() { if let raw = unsafe raw { _ = unsafe shim_share_sessions(raw) } }

    deinit { _ = unsafe curl_share_cleanup(raw) }
}

private func variable(_ name: String) -> String? {
    guard let value = unsafe getenv(name), unsafe value.pointee != 0 else { return nil }
    return unsafe String(cString: value)
}

/// The bundle and the directory that this curl was built for.
private func builtInPlaces() -> (bundle: String, directory: String?) {
    let easy = unsafe curl_easy_init()
    defer { unsafe curl_easy_cleanup(easy) }
    var bundle: UnsafeMutablePointer<CChar>?
    var directory: UnsafeMutablePointer<CChar>?
    _ = unsafe shim_easy_get_text(easy, CURLINFO_CAINFO, &bundle)
    _ = unsafe shim_easy_get_text(easy, CURLINFO_CAPATH, &directory)
    return (
        unsafe bundle.map { unsafe String(cString: $0) } ?? "/etc/ssl/certs/ca-certificates.crt",
        unsafe directory.map { unsafe String(cString: $0) }
    )
}

private func systemMessage() -> String { unsafe String(cString: strerror(errno)) }

private func contents(_ path: String) throws(UpstreamError) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw UpstreamError(description: "the CA file \(path) cannot be read: \(systemMessage())") }
    defer { _ = Glibc.close(descriptor) }
    var all: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = unsafe room.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        if count < 0 { throw UpstreamError(description: "the CA file \(path) cannot be read: \(systemMessage())") }
        if count == 0 { return all }
        all += room.prefix(count)
    }
}

private func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var written = 0
    while written < bytes.count {
        let count = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written)
        }
        if count <= 0 { return false }
        written += count
    }
    return true
}

private func holdsCertificate(_ bytes: [UInt8]) -> Bool {
    let text = String(decoding: bytes, as: UTF8.self)
    return text.contains("-----BEGIN CERTIFICATE-----") || text.contains("-----BEGIN TRUSTED CERTIFICATE-----")
}

/// The contents of one certificate that a server showed, each in one line as OpenSSL writes it.
public struct ServerCertificate: Sendable, Equatable {
    /// The subject, such as `CN = openrouter.ai`.
    public let subject: String

    /// The issuer, such as `C = US, O = Example, CN = Example Root`.
    public let issuer: String

    /// The time when it expires, such as `Nov 25 12:00:00 2026 GMT`.
    public let expires: String

    /// Parses curl's lines, which have the form `Name:value`; a missing item is empty.
    init(lines: [String]) {
        func value(_ name: String) -> String {
            lines.first { $0.hasPrefix(name + ":") }.map { String($0.dropFirst(name.count + 1)) } ?? ""
        }
        subject = value("Subject")
        issuer = value("Issuer")
        expires = value("Expire date")
    }

    /// The certificates of the connection that a transfer has made, if it was set to collect them.
    @unsafe static func shown(to easy: UnsafeMutableRawPointer) -> [ServerCertificate] {
        guard let info = unsafe shim_easy_get_certificates(easy) else { return [] }
        var all: [ServerCertificate] = []
        for index in 0..<Int(unsafe info.pointee.num_of_certs) {
            var lines: [String] = []
            var line = unsafe info.pointee.certinfo[index]
            while let entry = unsafe line {
                if let text = unsafe entry.pointee.data { lines.append(unsafe String(cString: text)) }
                unsafe line = entry.pointee.next
            }
            all.append(ServerCertificate(lines: lines))
        }
        return all
    }
}
