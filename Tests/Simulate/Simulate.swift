/// Runs seeds of a simulation, the fleet's or, with `--week`, that of one Larder for a week:
///
///     simulate [--week] --seeds N [--first S]     N seeds from S on; the first failing one is shrunk and printed; exit 1
///     simulate [--week] --seed S                  one seed, with each event
///     simulate --week --breaches                  for each rule that the tests take out, the first seed that finds it
@main
struct Simulate {
    static func main() {
        var seeds: UInt64 = 1_000
        var first: UInt64 = 1
        var single: UInt64?
        var isWeek = false
        var arguments = CommandLine.arguments.dropFirst()
        while let name = arguments.popFirst() {
            if name == "--week" {
                isWeek = true
                continue
            }
            if name == "--breaches", isWeek { return Weeks.findBreaches() }
            guard let value = arguments.popFirst().flatMap({ UInt64($0) }) else { return usage() }
            switch name {
            case "--seeds": seeds = value
            case "--first": first = value
            case "--seed": single = value
            default: return usage()
            }
        }
        if let single { return isWeek ? Weeks.show(single) : Fleets.show(single) }
        if isWeek { Weeks.run(first..<first + seeds) } else { Fleets.run(first..<first + seeds) }
    }

    static func usage() {
        print("simulate: [--week] --seeds N [--first S], or [--week] --seed S, or --week --breaches")
        exit(64)
    }
}
