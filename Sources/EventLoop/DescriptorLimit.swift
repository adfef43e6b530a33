internal import CUV
import Glibc

/// Lets this process have up to `wanted` descriptors open, or as many as it may give itself leave for.
///
/// The usual soft limit of 1,024 is there for programs that use `select`; one that does not may raise it as far as the hard
/// limit goes. The limit that holds from now on is returned; it is never lowered.
public func raiseDescriptorLimit(to wanted: Int) -> Int {
    let descriptors = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard unsafe getrlimit(descriptors, &limit) == 0 else { return 0 }
    guard limit.rlim_cur < rlim_t(wanted) else { return Int(clamping: limit.rlim_cur) }
    let before = limit.rlim_cur
    limit.rlim_cur = min(rlim_t(wanted), limit.rlim_max)
    return unsafe setrlimit(descriptors, &limit) == 0 ? Int(clamping: limit.rlim_cur) : Int(clamping: before)
}
