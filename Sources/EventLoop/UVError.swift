internal import CUV

/// An error of the operating system or libuv: libuv's code, a negative number.
public struct UVError: Error, RawRepresentable, Hashable, CustomStringConvertible {
    /// libuv's code, such as -98 (`UV_EADDRINUSE` on Linux).
    public let rawValue: Int32

    /// A code as libuv returned it.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// The code of an `errno`.
    public init(errno number: Int32) { rawValue = uv_translate_sys_error(number) }

    /// The code's short name, such as `EADDRINUSE`.
    public var name: String { unsafe text { unsafe uv_err_name_r(rawValue, $0, $1) } }

    /// libuv's own sentence for it, such as "address already in use".
    public var message: String { unsafe text { unsafe uv_strerror_r(rawValue, $0, $1) } }

    /// Sentence and name in one.
    public var description: String { "\(message) (\(name))" }

    /// The `_r` functions, because the others leak when they do not know the code.
    private func text(_ fill: (UnsafeMutablePointer<CChar>, Int) -> UnsafeMutablePointer<CChar>?) -> String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { room in
            let start = room.baseAddress!
            return unsafe fill(start, room.count).map { unsafe String(cString: $0) } ?? "error \(rawValue)"
        }
    }
}

extension UVError {
    /// Another socket already listens there.
    public static let addressInUse = UVError(rawValue: UV_EADDRINUSE.rawValue)
    /// This machine has no such address.
    public static let addressNotAvailable = UVError(rawValue: UV_EADDRNOTAVAIL.rawValue)
    /// This machine has no addresses of that kind, such as IPv6.
    public static let familyNotSupported = UVError(rawValue: UV_EAFNOSUPPORT.rawValue)
    /// The peer cut the connection with a reset.
    public static let connectionReset = UVError(rawValue: UV_ECONNRESET.rawValue)
    /// The peer no longer takes what we write.
    public static let brokenPipe = UVError(rawValue: UV_EPIPE.rawValue)
    /// The descriptor is not open.
    public static let badDescriptor = UVError(rawValue: UV_EBADF.rawValue)
    /// An argument is invalid here.
    public static let invalid = UVError(rawValue: UV_EINVAL.rawValue)
    /// A path or name is longer than the system takes.
    public static let nameTooLong = UVError(rawValue: UV_ENAMETOOLONG.rawValue)
    /// This process has as many descriptors open as it may.
    public static let tooManyFiles = UVError(rawValue: UV_EMFILE.rawValue)
}
