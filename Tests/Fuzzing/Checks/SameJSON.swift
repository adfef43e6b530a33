import Bytes
import JSONDocument

extension JSONValue {
    /// Whether both are the same down to the order of members and the spelling of numbers. It does not recurse: an input may
    /// be nested as deep as it is long.
    func isSame(as other: JSONValue) -> Bool {
        var pairs = [(self, other)]
        while let (left, right) = pairs.popLast() {
            guard left.kind == right.kind, left.count == right.count, left.bool == right.bool,
                left.text.equals(right.text)
            else { return false }
            pairs += zip(left.elements, right.elements)
            for (mine, theirs) in zip(left.members, right.members) {
                pairs.append((mine.name, theirs.name))
                pairs.append((mine.value, theirs.value))
            }
        }
        return true
    }
}
