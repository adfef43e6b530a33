import CYYJSON

extension JSONValue {
    /// The member of that name, or nil if there is none or this is not an object. Of several with one name it is the last,
    /// as in JavaScript and Python.
    public subscript(_ name: StaticString) -> JSONValue? {
        // Not by `members`, which holds on to the document anew for each of them: most of a reader's time went there.
        var position = unsafe yyjson_obj_iter_with(pointer)
        var found: UnsafeMutablePointer<yyjson_val>?
        while let member = unsafe yyjson_obj_iter_next(&position) {
            if unsafe yyjson_equals_strn(member, name.utf8Start, name.utf8CodeUnitCount) {
                unsafe found = yyjson_obj_iter_get_val(member)
            }
        }
        return unsafe found.map { unsafe JSONValue(document: document, pointer: $0) }
    }

    /// The members of an object in the order of the text; none if this is not an object.
    public var members: JSONMembers { JSONMembers(object: self) }

    /// The elements of an array; none if this is not an array.
    public var elements: JSONElements { JSONElements(array: self) }
}

/// A name and a value of an object.
public struct JSONMember: Sendable {
    /// The name: a string.
    public let name: JSONValue

    /// The value.
    public let value: JSONValue
}

/// The members of an object, one after the other.
@safe public struct JSONMembers: Sequence, IteratorProtocol {
    private let document: JSONDocument
    private var position: yyjson_obj_iter

    init(object: JSONValue) {
        document = object.document
        unsafe position = yyjson_obj_iter_with(object.pointer)
    }

    /// The next member, or nil after the last.
    public mutating func next() -> JSONMember? {
        guard let name = unsafe yyjson_obj_iter_next(&position) else { return nil }
        guard let value = unsafe yyjson_obj_iter_get_val(name) else { return nil }
        return unsafe JSONMember(
            name: JSONValue(document: document, pointer: name), value: JSONValue(document: document, pointer: value))
    }
}

/// The elements of an array, one after the other.
@safe public struct JSONElements: Sequence, IteratorProtocol {
    private let document: JSONDocument
    private var position: yyjson_arr_iter

    init(array: JSONValue) {
        document = array.document
        unsafe position = yyjson_arr_iter_with(array.pointer)
    }

    /// The next element, or nil after the last.
    public mutating func next() -> JSONValue? {
        guard let value = unsafe yyjson_arr_iter_next(&position) else { return nil }
        return unsafe JSONValue(document: document, pointer: value)
    }
}
