import HTTPCore

@testable import Caching

extension CacheControl {
    /// The directives of a field value.
    static func make(_ field: String) -> CacheControl {
        let bytes = Array(field.utf8)
        var directives = CacheControl()
        directives.merge(bytes.span)
        return directives
    }
}

/// Random numbers that are the same on every run: a multiplicative generator, its high half.
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 2 &+ 1 }

    mutating func roll(_ sides: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(sides))
    }
}
