import EventLoop
import Testing

@Suite struct InterfaceAddressesTests {
    @Test func `the addresses of this machine are those that a socket can be bound to`() throws {
        let addresses = interfaceAddresses()
        #expect(addresses.contains(.ipv4(0x7F00_0001, port: 0)))
        #expect(addresses.allSatisfy { $0.port == 0 })
        // One of IPv6 may need its zone.
        for address in addresses {
            guard case .ipv4 = address else { continue }
            try ListeningSocket(address).close()
        }
    }
}
