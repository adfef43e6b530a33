import Bytes
import Catalog
import EventLoop
internal import FoundationEssentials
import History

/// Writes and checks lock files, as `larder lock` does.
public enum LockCheck {
    /// The text of a lock file, and where its models are from.
    public struct Written {
        /// The file.
        public let text: [UInt8]
        /// How many models are in it.
        public let count: Int
        /// Where they are from.
        public let place: String
    }

    /// The parameters that cut a page out of the list: a lock of a page would miss models without a sign of it.
    public static let pageParameters: Set<String> = ["offset", "limit"]

    /// One line on what a filter of `larder lock` does.
    public static func help(of filter: ModelFilter) -> String {
        pageParameters.contains(filter.parameter) ? "Refused: a lock has every model that matches." : filter.help
    }

    /// The lock file of the models that match the parameters; or of these ids, if there are any.
    public static func write(
        _ source: LockSource, ids: [String], parameters: [(name: String, value: String)]
    ) throws(ClientFailure) -> Written {
        let found = try source.find(ids.isEmpty ? parameters : [("output_modalities", "all")])
        var rows = found.rows
        if !ids.isEmpty {
            rows = []
            for id in ids {
                guard let row = found.catalogue.row(ofID: Array(id.utf8).span) else {
                    throw ClientFailure("\(found.place) has no model \(DisplayText.printable(id))")
                }
                rows.append(row)
            }
        }
        let lock = LockFile(found.catalogue, rows: rows)
        return Written(text: lock.text.span.copied(), count: lock.models.count, place: found.place)
    }

    /// The result of a check.
    public struct Result {
        /// The differences, as a table or as Markdown.
        public let text: String
        /// 0, or 1 if a difference is a failure.
        public let exitCode: Int32
        /// What was compared with.
        public let place: String
    }

    /// The exit code of a check that could not compare.
    public static let couldNotCompare = LockComparison.couldNotCompare

    /// Compares a lock file with the catalogue now. `failOn` are the rules; nil for any difference.
    public static func check(
        _ source: LockSource, file: String, failOn: String?, asMarkdown: Bool
    ) throws(ClientFailure) -> Result {
        var rules = LockRules.usual
        if let failOn {
            do throws(InvalidParameter) {
                rules = try LockRules(failOn)
            } catch {
                throw ClientFailure(error.message)
            }
        }
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: file)) else {
            throw ClientFailure("\(file) cannot be read")
        }
        let bytes = Array(data)
        let lock: LockFile
        do throws(LockError) {
            lock = try LockFile(parsing: bytes.span)
        } catch {
            throw ClientFailure("\(file): \(error)")
        }
        let found = try source.find([("output_modalities", "all")])
        let comparison = LockComparison(lock, with: found.catalogue, rules: rules, now: Loop.wallSeconds)
        return Result(
            text: asMarkdown ? comparison.markdown : comparison.table, exitCode: comparison.exitCode, place: found.place
        )
    }
}
