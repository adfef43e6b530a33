import EventLoop
public import Settings

/// Serves until SIGTERM or SIGINT; `larder serve` calls this. Returns the exit code. An error that prevents the start
/// is thrown, with one clear line.
///
/// `environment` is where the service manager's protocols are read from: sockets that it hands over (`LISTEN_FDS`), and
/// where it expects notifications (`NOTIFY_SOCKET`, `WATCHDOG_USEC`). `arguments` are those that the process was started
/// with, so that it can hand over to a new one on SIGUSR2 or for `larder upgrade`; without them, it does not.
public func serve(
    _ settings: Settings, demo: Bool, environment: [String: String] = [:], arguments: [String]? = nil,
    onServing: @escaping (RunningLarder) -> Void = { _ in }
) throws -> Int32 {
    try serve(
        LoadedSettings(settings), demo: demo, environment: environment, arguments: arguments, onServing: onServing)
}

/// The same, with the origins of the settings, which `/_larder/settings` shows. `reload` reads them again on SIGHUP, on
/// the thread that this is called on; without it the signal is not handled.
public func serve(
    _ loaded: LoadedSettings, demo: Bool, environment: [String: String] = [:], arguments: [String]? = nil,
    onServing: @escaping (RunningLarder) -> Void = { _ in }, reload: (() throws(SettingsError) -> LoadedSettings)? = nil
) throws -> Int32 {
    let notes = ProcessNotes(loaded)
    var reading: SettingsReading?
    if let reload { reading = noting(reload, in: notes) }
    let launch = arguments.flatMap { ProgramLaunch(arguments: $0, environment: environment) }
    return try Supervisor.run(
        loaded.settings, isDemo: demo, environment: environment, launch: launch, notes: notes, reading: reading,
        onServing: onServing)
}

/// The same reading, which notes where the settings came from.
private func noting(
    _ read: @escaping () throws(SettingsError) -> LoadedSettings, in notes: ProcessNotes
) -> SettingsReading {
    { () throws(SettingsError) in
        let loaded = try read()
        notes.read(loaded)
        return loaded.settings
    }
}
