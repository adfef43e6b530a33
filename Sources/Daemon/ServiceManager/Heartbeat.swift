/// Whether every loop still turns: all are asked in a round, and the round is over when the last of them has answered.
struct Heartbeat {
    private var living: Set<Int>
    private var awaited: Set<Int> = []

    init(loops: Int) { living = Set(0..<loops) }

    /// The loops that have not answered yet, in order.
    var silent: [Int] { awaited.sorted() }

    /// Begins a round: the loops to ask. None while the last round is not over, so that no questions pile up before a loop
    /// that hangs.
    mutating func begin() -> [Int] {
        guard awaited.isEmpty else { return [] }
        awaited = living
        return living.sorted()
    }

    /// A loop has answered; whether it was the last to do so.
    mutating func answered(_ loop: Int) -> Bool { awaited.remove(loop) != nil && awaited.isEmpty }

    /// A loop has come to its end in good order, and is waited for no more; whether that ended the round.
    mutating func ended(_ loop: Int) -> Bool {
        living.remove(loop)
        return answered(loop)
    }
}
