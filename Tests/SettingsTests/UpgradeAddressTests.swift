import Settings
import Testing

@Suite("Where a Larder can be upgraded") struct UpgradeAddressTests {
    @Test func `processes are found by their names among all sockets`() {
        let list = """
            Num       RefCount Protocol Flags    Type St Inode Path
            00000000cb011c89: 00000002 00000000 00010000 0005 01 299202 @larder-upgrade-29662
            00000000cb011c8a: 00000002 00000000 00010000 0001 01 299203 /run/larder-upgrade-7
            00000000cb011c8b: 00000003 00000000 00000000 0005 03 299204 @larder-upgrade-29662
            00000000cb011c8c: 00000003 00000000 00000000 0002 01 299205
            00000000cb011c8d: 00000002 00000000 00010000 0005 01 299206 @larder-upgrade-x
            00000000cb011c8e: 00000002 00000000 00010000 0005 01 299207 @larder-upgrade-31
            """
        #expect(UpgradeAddress.processes(in: list) == [31, 29662])
        #expect(UpgradeAddress.processes(in: "").isEmpty)
        #expect(UpgradeAddress.name(of: 31) == "larder-upgrade-31")
    }
}
