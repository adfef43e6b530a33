extension SettingsTable {
    /// The settings of a fleet.
    package static let fleet = [
        SettingDefinition(
            "fleet.url", \.fleet.url, .optional(.engineURL), needsRestart: true,
            "Engine that speaks the Redis protocol, through which several Larders share copies; if empty, none."),
        SettingDefinition(
            "fleet.username", \.fleet.username, .optional(.userName), needsRestart: true, "User of the engine's ACL."),
        SettingDefinition(
            "fleet.password_file", \.fleet.passwordFile, .optional(.readableFile), needsRestart: true,
            "File with the engine's password."),
        SettingDefinition(
            "fleet.secret_file", \.fleet.secretFile, .optional(.readableFile), needsRestart: true,
            "File with 32 bytes or more that are the same on all replicas and that the engine does not know."),
        SettingDefinition(
            "fleet.ca_file", \.fleet.caFile, .optional(.readableFile), needsRestart: true,
            "PEM file of certificates to trust for the engine in addition to the system's."),
        SettingDefinition(
            "fleet.namespace", \.fleet.namespace, .keyPrefix, needsRestart: true,
            "Prefix that distinguishes this fleet's keys from those of others on the same engine."),
        SettingDefinition(
            "fleet.connect_timeout", \.fleet.connectTimeout, .duration(waiting), needsRestart: true,
            "Maximum time to connect to the engine, including the TLS handshake and Sentinel."),
        SettingDefinition(
            "fleet.timeout", \.fleet.timeout, .duration(waiting), needsRestart: true,
            "Maximum time that a request waits for the engine in total."),
        SettingDefinition(
            "fleet.required", \.fleet.required, .boolean, needsRestart: true,
            "Whether Larder ends at startup if the engine cannot be used."),
        SettingDefinition(
            "fleet.max_value_bytes", \.fleet.maxValueBytes, .size(1 << 10...256 << 20), needsRestart: true,
            "Size of the largest copy that is shared."),
    ]
}
