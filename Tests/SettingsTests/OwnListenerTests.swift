import EventLoop
import Testing

@testable import Settings

@Suite("An upstream that is Larder itself")
struct OwnListenerTests {
    @Test(
        "Every spelling of an own listener is found",
        arguments: [
            ("http://127.0.0.1:5273/api/v1", "127.0.0.1:5273"), ("http://localhost:5273", "127.0.0.1:5273"),
            ("http://127.0.0.1:5273", "localhost:5273"), ("http://[::1]:5273", "localhost:5273"),
            ("http://LOCALHOST:5273/x", "localhost:5273"), ("http://[0:0:0:0:0:0:0:1]:5273", "[::1]:5273"),
            ("http://[::ffff:127.0.0.1]:5273", "127.0.0.1:5273"), ("http://0.0.0.0:5273", "127.0.0.1:5273"),
            ("http://[::]:5273", "[::1]:5273"), ("http://127.0.0.1:5273", "0.0.0.0:5273"),
            ("http://127.9.9.9:5273", "0.0.0.0:5273"), ("http://localhost:5273", "[::]:5273"),
            ("http://localhost:5273", "0.0.0.0:5273"), ("http://box.lan:5273", "box.lan:5273"),
            ("http://192.0.2.1:80", "192.0.2.1:80"), ("http://192.0.2.1", "192.0.2.1:80"),
            ("https://127.0.0.1/api/v1", "127.0.0.1:443"), ("http://thisbox:5273", "0.0.0.0:5273"),
            ("http://ThisBox:5273", "[::]:5273"), ("http://127.0.0.1:5273", "unix:/run/x,127.0.0.1:5273"),
            ("http://198.51.100.7:5273", "0.0.0.0:5273"), ("http://[2001:db8::7]:5273", "[::]:5273"),
            ("http://[2001:DB8:0::7]:5273/api/v1", "127.0.0.1:5273,[::0]:5273"),
            ("http://[::ffff:198.51.100.7]:5273", "0.0.0.0:5273"),
        ])
    func found(url: String, listen: String) {
        #expect(reached(url, listen) != nil)
    }

    @Test(
        "What leads elsewhere is not",
        arguments: [
            ("https://openrouter.ai/api/v1", "0.0.0.0:443"), ("http://127.0.0.1:5274", "127.0.0.1:5273"),
            ("http://127.0.0.1", "127.0.0.1:5273"), ("http://127.0.0.2:5273", "127.0.0.1:5273"),
            ("http://[::1]:5273", "127.0.0.1:5273"), ("http://[::1]:5273", "0.0.0.0:5273"),
            ("http://127.0.0.1:5273", "[::]:5273"), ("http://192.0.2.2:5273", "192.0.2.1:5273"),
            ("http://thisbox:5273", "127.0.0.1:5273"), ("http://other:5273", "0.0.0.0:5273"),
            ("http://localhost:5273", "unix:/run/x"), ("http://127.0.0.1:5273", "127.0.0.1:0"),
            ("http://198.51.100.7:5273", "127.0.0.1:5273"), ("http://198.51.100.7:5273", "[::]:5273"),
            ("http://198.51.100.7:5274", "0.0.0.0:5273"), ("http://198.51.100.8:5273", "0.0.0.0:5273"),
            ("http://[2001:db8::7]:5273", "0.0.0.0:5273"), ("http://[2001:db8::8]:5273", "[::]:5273"),
        ])
    func passed(url: String, listen: String) {
        #expect(reached(url, listen) == nil)
    }

    @Test("It is a fault of the settings, unless a proxy goes between or it is the demo that is served")
    func faults() {
        let text = "upstream.url = \"http://localhost:5273/api/v1\""
        #expect(
            fault(text)
                == "bad value \"http://localhost:5273/api/v1\" for `upstream.url` in larder.toml, line 1: it leads to Larder's "
                + "own listener localhost:5273; expected another server")
        #expect(fault(text, environment: ["LARDER_LISTEN": "127.0.0.1:80"]) == nil)
        #expect(fault(text, environment: ["LARDER_UPSTREAM_PROXY": "http://proxy:3128"]) == nil)
        var demo = SettingsLoader.Flags()
        demo.demo = true
        #expect(fault(text, flags: demo) == nil)
        var flags = SettingsLoader.Flags()
        flags.listen = ["0.0.0.0:8080"]
        flags.upstream = "http://127.0.0.1:8080"
        #expect(fault(flags: flags)?.contains("in --upstream: it leads to Larder's own listener 0.0.0.0:8080") == true)
    }

    @Test("So it is with every address of this machine, if the listener takes them all")
    func ownAddresses() {
        for address in interfaceAddresses() {
            var flags = SettingsLoader.Flags()
            flags.listen = ["0.0.0.0:8080", "[::]:8080"]
            flags.upstream = "http://\(address.description.dropLast(":0".count)):8080"
            #expect(fault(flags: flags)?.contains("it leads to Larder's own listener") == true, "\(address)")
        }
    }

    private func reached(_ url: String, _ listen: String) -> ListenAddress? {
        OwnListener.reached(
            by: url, among: listen.split(separator: ",").compactMap { ListenAddress(String($0)) },
            machineNames: ["thisbox"],
            machineAddresses: [.ipv4(0xC633_6407, port: 0), .ipv6(0x2001_0DB8_0000_0000, 7, port: 0)])
    }
}
