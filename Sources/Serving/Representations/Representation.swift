import Bytes
import Catalog

/// A form in which answers show models: how their bodies are written, and what of their heads depends on it.
///
/// Another form is a file with an extension of this type, and a row in `exports` or a line in `list` or `model`, which
/// give a path its form.
struct Representation: Sendable {
    /// What a list is written from, besides its rows.
    struct Page: Sendable {
        /// The path of the list below its root, without the first slash, as links have it.
        let resource: StaticString
        /// The request target.
        let target: [UInt8]
        /// The query as it was sent, without the question mark: a range of the target.
        let query: Range<Int>
        /// What links begin with: the prefix of a view, or nothing.
        let prefix: [UInt8]
        /// The members of the models to show; nil for all.
        let fields: FieldSelection?
    }

    /// How a body is written.
    enum Writing: Sendable {
        /// From the rows that a query selects.
        case rows(@Sendable (SelectedRows, Page) -> SharedBytes)
        /// From one model.
        case model(@Sendable (ModelRow) -> SharedBytes)
        /// Not at all: upstream's body is passed on.
        case received
    }

    /// How its bodies are written.
    let writing: Writing

    /// The media type of its bodies, valid in a field line; nil for that of upstream's answer.
    var contentType: StaticString?

    /// Part of the entity tag. It distinguishes this representation from others that one target can have, or that are written
    /// from the same entry; 0 for those that upstream has.
    var variant: UInt64 = 0

    /// The models that a list without `output_modalities` has; nil for all.
    var standardOutputs: ModalitySet? = .text

    /// Whether the usual list is composed and compressed together with its snapshot.
    var isPreparedWithSnapshot = false

    /// Whether it is one of Larder's own, below `/_larder/`. Each request for it is checked first, so its answers are not
    /// kept to be found by their target alone; and web pages of other origins may not read them.
    var isOwn = false

    /// The body that shows some rows.
    func body(_ rows: SelectedRows, _ page: Page) -> SharedBytes {
        guard case .rows(let write) = writing else { preconditionFailure("this representation shows no list") }
        return write(rows, page)
    }

    /// The body that shows one model.
    func body(_ model: ModelRow) -> SharedBytes {
        guard case .model(let write) = writing else { preconditionFailure("this representation shows no single model") }
        return write(model)
    }
}

// The representations that upstream has too.
extension Representation {
    /// A list of rows.
    static let list = Representation(
        writing: .rows { rows, page in
            let target = page.target
            return Composer.list(
                rows, rawQuery: target.span.extracting(page.query), resource: page.resource,
                fields: page.fields, prefix: page.prefix)
        }, isPreparedWithSnapshot: true)

    /// The number of rows that match.
    static let count = Representation(writing: .rows { rows, _ in Composer.count(rows.selection) })

    /// One model.
    static let model = Representation(writing: .model(Composer.model))

    /// One model, in a form that OpenAI's clients read too.
    static let modelForAnyClient = Representation(writing: .model(Composer.openAIModel), variant: 1)

    /// Upstream's body as it came: a feed, the list for Codex, a list that is not read here, an error.
    static let received = Representation(writing: .received)
}

// Which path has which representation.
extension Representation {
    /// The representations of the catalogue below `/_larder/export/`, by their names there.
    static let exports: [(name: StaticString, representation: Representation)] = [
        ("litellm.json", liteLLM)
    ]

    /// The representation of a list.
    static func list(_ route: QueriedRoute, _ base: Route.Base) -> Representation {
        switch (route, base) {
        case (.count, _): count
        case (.models, .upstream), (.user, .upstream): list
        case (.models, .openAI), (.user, .openAI): openAIList
        case (.export(let index), _): exports[index].representation
        }
    }

    /// The representation of a single model. `isPlural` is as in `Route.model`.
    static func model(isPlural: Bool, _ base: Route.Base) -> Representation {
        switch base {
        case .upstream: isPlural ? modelForAnyClient : model
        case .openAI: openAIObject
        }
    }
}
