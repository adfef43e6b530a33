internal import EventLoop
import Glibc

/// Signals that come before anything watches for them. By default SIGHUP ends a process, so that one sent while the settings are
/// being read for the first time would do so; and the first process of a container never gets a signal that it does not watch
/// for, so that it could not be told to end.
public enum SignalsAtStart {
    /// Lets them wait until `serve` watches for them. A SIGHUP that came meanwhile then has the settings read once more, as it
    /// may be later than what was read. To be called first of all.
    public static func hold() { holdSignals(held) }

    /// Lets those in that have waited.
    static func release() { releaseSignals(held) }

    /// Elsewhere than in a container, what is told to end before it serves ends at once.
    private static var held: [Int32] { getpid() == 1 ? [SIGHUP, SIGTERM, SIGINT] : [SIGHUP] }
}
