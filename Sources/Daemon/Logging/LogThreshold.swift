import Logging
import Synchronization

/// The least level that is written, for the whole process. It can change at any time.
final class LogThreshold: Sendable {
    private let place = Atomic(LogThreshold.place(of: .info))

    /// The level.
    var current: Logger.Level { Logger.Level.allCases[place.load(ordering: .relaxed)] }

    /// Changes it.
    func set(_ level: Logger.Level) { place.store(Self.place(of: level), ordering: .relaxed) }

    /// Changes it to that of the settings.
    func set(_ level: Settings.LogLevel) { set(Logger.Level(level)) }

    private static func place(of level: Logger.Level) -> Int { Logger.Level.allCases.firstIndex(of: level) ?? 0 }
}

extension Logger.Level {
    /// The level that a setting names; both have the same names.
    init(_ level: Settings.LogLevel) { self = Logger.Level(rawValue: level.rawValue) ?? .info }
}
