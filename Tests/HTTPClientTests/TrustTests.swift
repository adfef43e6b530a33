import Foundation
import Glibc
import TestSupport
import Testing

@testable import HTTPClient

/// The environment is the process's: each of these runs in a process of its own.
@Suite(.timeLimit(.minutes(300))) struct TrustTests {
    @Test(arguments: ["CURL_CA_BUNDLE", "SSL_CERT_FILE"])
    func `a bundle that the environment names is trusted`(name: String) async {
        await #expect(processExitsWith: .success) { [name] in
            for variable in ["CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"] { unsafe unsetenv(variable) }
            let origin = try TLSOrigin(.page)
            defer { origin.stop() }
            #expect(try fetch(origin.url).name == "tls")
            unsafe setenv(name, origin.caFile, 1)
            #expect(try fetch(origin.url).name == "200")
        }
    }

    @Test func `a CA file that cannot be combined leaves nothing open`() async {
        await #expect(processExitsWith: .success) {
            let origin = try TLSOrigin(.page)
            defer { origin.stop() }
            // Every write to a file fails.
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 0, rlim_max: 0)
            #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
            for _ in 0..<8 {
                let error = #expect(throws: UpstreamError.self) { try TrustStore(caFile: origin.caFile) }
                #expect(error?.description.contains("cannot be combined") == true)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count <= before)
        }
    }

    @Test func `a CA file is trusted beside the bundle that the environment names`() async {
        await #expect(processExitsWith: .success) {
            let one = try TLSOrigin(.page)
            let two = try TLSOrigin(.page)
            defer {
                one.stop()
                two.stop()
            }
            unsafe setenv("CURL_CA_BUNDLE", one.caFile, 1)
            let both = settings { $0.caFile = two.caFile }
            #expect(try fetch(one.url, settings: both).name == "200")
            #expect(try fetch(two.url, settings: both).name == "200")
            #expect(try fetch(two.url).name == "tls")
        }
    }
}
