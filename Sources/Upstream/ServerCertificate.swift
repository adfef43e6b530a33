internal import CCurl

/// What one certificate that a server showed says, each in one line as OpenSSL writes it.
public struct ServerCertificate: Sendable, Equatable {
    /// Whom it speaks of, such as `CN = openrouter.ai`.
    public let subject: String

    /// Who vouches for it, such as `C = US, O = Example, CN = Example Root`.
    public let issuer: String

    /// The time from which on it is no longer good, such as `Nov 25 12:00:00 2026 GMT`.
    public let expires: String

    /// Reads curl's lines, which have the form `Name:value`; what is not said is empty.
    init(lines: [String]) {
        func value(_ name: String) -> String {
            lines.first { $0.hasPrefix(name + ":") }.map { String($0.dropFirst(name.count + 1)) } ?? ""
        }
        subject = value("Subject")
        issuer = value("Issuer")
        expires = value("Expire date")
    }

    /// Those of the connection that a transfer has made, if it was told to mind them.
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
