import Foundation
import Testing

@testable import Settings

@Suite("Files of settings")
struct FileReaderTests {
    @Test("The null device is a file without settings, by whatever name")
    func nothing() throws {
        let link = "/tmp/larder-null-\(UInt64.random(in: 0 ... .max)).toml"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/dev/null")
        defer { try? FileManager.default.removeItem(atPath: link) }
        for path in ["/dev/null", "//dev/./null", link] {
            #expect(SystemFiles().read(path) == .text(""), "\(path)")
            let loaded = try SettingsLoader(environment: [:], files: SystemFiles()).load(config: path)
            #expect(loaded.settings == Settings() && loaded.file == path)
        }
    }

    @Test("Another device is none, nor is a directory")
    func others() {
        for path in ["/dev/zero", "/dev"] {
            guard case .unreadable = SystemFiles().read(path) else {
                Issue.record("\(path) was read")
                continue
            }
        }
        #expect(SystemFiles().read("/dev/nothing-of-the-kind") == .missing)
    }
}
