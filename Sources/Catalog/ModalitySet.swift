import Bytes

/// A set of what models take or make; a model's unknown modalities are left out of it, since no query can name them.
public struct ModalitySet: OptionSet, Hashable, Sendable {
    /// One bit for each modality, in the order of `names`.
    public let rawValue: UInt16

    /// The set with those bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Text, which is also what a query means that names no output modality.
    public static let text = ModalitySet(rawValue: 1)

    /// What an output can be.
    static let outputs: [StaticString] = [
        "text", "image", "embeddings", "audio", "video", "rerank", "decisions", "speech", "transcription",
    ]

    /// What an input can be.
    static let inputs: [StaticString] = ["text", "image", "audio", "file", "video"]

    /// The set of one modality, by its place in `names`; nil if it is not there. Letters of either case are the same.
    init?(_ name: Span<UInt8>, among names: [StaticString]) {
        for (place, known) in names.enumerated() where name.equalsIgnoringCase(known) {
            self.init(rawValue: 1 << UInt16(place))
            return
        }
        return nil
    }

    /// All of a model's modalities that are known.
    init(_ list: [String], among names: [StaticString]) {
        self = []
        for name in list {
            if let modality = ModalitySet(name.utf8.span, among: names) { formUnion(modality) }
        }
    }
}
