import CFuzzer
import Foundation
import FuzzChecks

/// Runs libFuzzer on the check that the environment variable `FUZZ_TARGET` names. All arguments are libFuzzer's own; it
/// also starts this program again by itself, which is why the name is not one of them.
@main enum Fuzz {
    static func main() {
        let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
        guard let check = unsafe checks(name) else {
            print("FUZZ_TARGET must be request, response, query, catalog, toml or reply, not \"\(name)\"")
            exit(64)
        }
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
        exit(unsafe LLVMFuzzerRunDriver(&count, &arguments, check))
    }

    private static func checks(_ name: String) -> (@convention(c) (UnsafePointer<UInt8>?, Int) -> CInt)? {
        switch name {
        case "request": unsafe checkRequest
        case "response": unsafe checkResponse
        case "query": unsafe checkQuery
        case "catalog": unsafe checkCatalog
        case "toml": unsafe checkTOML
        case "reply": unsafe checkReply
        default: nil
        }
    }
}

// MARK: What libFuzzer calls

private func checkRequest(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    report(RequestCheck.fault(in: unsafe input(start, count)))
}

private func checkResponse(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    report(ResponseCheck.fault(in: unsafe input(start, count)))
}

private func checkQuery(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    report(QueryCheck.fault(in: unsafe input(start, count)))
}

private func checkCatalog(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    report(CatalogCheck.fault(in: unsafe input(start, count)))
}

private func checkTOML(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    report(TOMLCheck.fault(in: unsafe input(start, count)))
}

private func checkReply(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    report(ReplyCheck.fault(in: unsafe input(start, count)))
}

private func input(_ start: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
    unsafe Array(UnsafeBufferPointer(start: start, count: count))
}

/// libFuzzer takes an input for bad when the program dies of it.
private func report(_ fault: String?) -> CInt {
    if let fault { fatalError(fault) }
    return 0
}
