internal import FoundationEssentials

/// What came of reading a file of text.
enum FileText: Sendable, Equatable {
    case text(String)
    case missing
    case unreadable(String)
}

/// Reads files; tests put their own in its place.
protocol FileReader: Sendable {
    func read(_ path: String) -> FileText
}

/// The file system's files.
struct SystemFiles: FileReader {
    func read(_ path: String) -> FileText {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return .missing }
        if isDirectory { return .unreadable("it is a directory") }
        guard FileManager.default.isReadableFile(atPath: path) else { return .unreadable("permission denied") }
        guard let data = FileManager.default.contents(atPath: path) else { return .unreadable("it is no regular file") }
        guard let text = String(validating: data, as: UTF8.self) else { return .unreadable("it is not UTF-8 text") }
        return .text(text)
    }
}
