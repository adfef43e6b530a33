import Bytes

/// What is written to a builder, as text.
func written(_ write: (inout ByteBuilder) -> Void) -> String {
    var out = ByteBuilder(capacity: 8)
    write(&out)
    return out.span.text()
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
