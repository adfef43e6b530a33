/// What is different between two lists of models.
struct ListChanges {
    /// What happened to a model.
    enum Mark: String {
        /// It was not there before.
        case new = "+"
        /// Something that is shown of it is different.
        case changed = "*"
    }

    private var marks: [String: Mark] = [:]

    /// The ids that are there no more, in their former order.
    let gone: [String]

    /// With no list before, nothing has changed.
    init(from old: [ModelRow]?, to new: [ModelRow]) {
        guard let old else {
            gone = []
            return
        }
        let before = Dictionary(old.map { ($0.id, $0) }) { $1 }
        for row in new {
            if let former = before[row.id] {
                if former != row { marks[row.id] = .changed }
            } else {
                marks[row.id] = .new
            }
        }
        let ids = Set(new.map(\.id))
        gone = old.map(\.id).filter { !ids.contains($0) }
    }

    /// What happened to the model of an id; nil if it is as it was.
    func mark(of id: String) -> Mark? { marks[id] }

    /// Whether anything is different.
    var isEmpty: Bool { marks.isEmpty && gone.isEmpty }

    /// How many of each, such as `1 new, 2 changed, 1 gone (acme/anvil)`; nil if nothing is different.
    var summary: String? {
        if isEmpty { return nil }
        let new = marks.values.count { $0 == .new }
        let changed = marks.values.count { $0 == .changed }
        var parts: [String] = []
        if new > 0 { parts.append("\(new) new") }
        if changed > 0 { parts.append("\(changed) changed") }
        if !gone.isEmpty {
            let names = gone.prefix(3).joined(separator: ", ") + (gone.count > 3 ? ", ..." : "")
            parts.append("\(gone.count) gone (\(DisplayText.printable(names)))")
        }
        return parts.joined(separator: ", ")
    }
}
