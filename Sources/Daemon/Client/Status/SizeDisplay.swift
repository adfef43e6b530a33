/// A number of bytes for a person to read.
enum SizeDisplay {
    private static let units = ["B", "KiB", "MiB", "GiB", "TiB"]

    /// With one place above a kibibyte, rounded down: `512 B`, `1.5 KiB`, `256.0 MiB`.
    static func short(_ bytes: Int) -> String {
        var scale = 0
        var divisor = 1
        while scale < units.count - 1, bytes / divisor >= 1024 {
            scale += 1
            divisor <<= 10
        }
        if scale == 0 { return "\(max(bytes, 0)) B" }
        let tenths = bytes % divisor * 10 / divisor
        return "\(bytes / divisor).\(tenths) \(units[scale])"
    }
}
