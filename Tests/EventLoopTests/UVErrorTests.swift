import EventLoop
import Glibc
import Testing

@Suite struct UVErrorTests {
    @Test(arguments: [
        (UVError.addressInUse, EADDRINUSE, "EADDRINUSE", "address already in use"),
        (.connectionReset, ECONNRESET, "ECONNRESET", "connection reset by peer"),
        (.brokenPipe, EPIPE, "EPIPE", "broken pipe"),
        (.tooManyFiles, EMFILE, "EMFILE", "too many open files"),
    ])
    func `an error has the code, the name and the sentence of libuv`(
        error: UVError, number: Int32, name: String, message: String
    ) {
        #expect(UVError(errno: number) == error)
        #expect(error.name == name)
        #expect(error.message == message)
        #expect("\(error)" == "\(message) (\(name))")
    }

    @Test func `a code that libuv does not know has a text all the same`() {
        #expect(UVError(rawValue: -77_777).message.contains("77777"))
    }
}
