import Glibc

/// Makes signals wait: one that comes from now on is delivered once it is released, once however often it came. It holds for
/// this thread and those that it starts, so call it before there are any.
public func holdSignals(_ signals: [Int32]) { mask(signals, SIG_BLOCK) }

/// Has signals delivered again, the one that waited first. Call it where they were held.
public func releaseSignals(_ signals: [Int32]) { mask(signals, SIG_UNBLOCK) }

private func mask(_ signals: [Int32], _ how: Int32) {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in signals { unsafe sigaddset(&set, signal) }
    unsafe pthread_sigmask(how, &set, nil)
}
