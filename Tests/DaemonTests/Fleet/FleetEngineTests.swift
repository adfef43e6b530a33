import TestSupport
import Testing

/// Three whole replicas on engines of several processes.
@Suite(.enabled(if: WholeFleet.isTested, WholeFleet.reason), .timeLimit(.minutes(300)), .serialized)
struct FleetEngineTests {
    @Test func `with Sentinel a failover costs no client an answer, and the fleet uses the new master`() throws {
        let master = try EngineServer()
        var options = EngineServer.Options()
        options.master = master.port
        let replica = try EngineServer(options)
        try eventually("the replica", within: .hang) {
            try replica.command("INFO", "replication").contains("master_link_status:up")
        }
        options = EngineServer.Options()
        options.watches = master.port
        let sentinel = try EngineServer(options)
        try eventually("the replica known to Sentinel", within: .hang) {
            try sentinel.commandByPort("SENTINEL", "replicas", "mymaster").contains("\(replica.port)")
        }
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larders = try SharingProcesses(before: origin, by: replica) { _ in
            "redis+sentinel://127.0.0.1:1,127.0.0.1:\(sentinel.port)/mymaster"
        }
        try larders.waitUntilSharing()
        try larders.purgeEverywhere()
        for larder in larders.all { #expect(try larder.get("/models").status == 200) }
        // The copies are on the replica too.
        try eventually("the copies on the replica") { try replica.keys().contains { $0.contains(":b:") } }

        try master.kill()
        var number = 0
        try eventually("the failover", within: .hang) {
            for larder in larders.all {
                number += 1
                #expect(try larder.get("/models").status == 200)
                #expect(try larder.get("/model/some/model-\(number):nitro").status == 200)
            }
            return try sentinel.commandByPort("SENTINEL", "get-master-addr-by-name", "mymaster").contains(
                "\(replica.port)") && replica.command("INFO", "replication").contains("role:master")
        }
        try larders.waitUntilUp()
        try larders.waitUntilSharing()
        try larders.purgeEverywhere(1)
        try larders.end()
    }

    @Test func `in a cluster all replicas find the keys' node, also once the slot has moved`() throws {
        var options = EngineServer.Options()
        options.isOfCluster = true
        let nodes = try (0..<3).map { _ in try EngineServer(options) }
        for (node, range) in zip(nodes, [("0", "5460"), ("5461", "10922"), ("10923", "16383")]) {
            try node.command("CLUSTER", "ADDSLOTSRANGE", range.0, range.1)
            if node !== nodes[0] { try nodes[0].command("CLUSTER", "MEET", "127.0.0.1", "\(node.port)") }
        }
        try eventually("the cluster", within: .hang) {
            try nodes.allSatisfy {
                let info = try $0.command("CLUSTER", "INFO")
                return info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
            }
        }
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        // Each gets the address of another node, and one of them has the keys.
        let larders = try SharingProcesses(
            before: origin, by: nodes[0],
            environment: ["LARDER_FLEET_TIMEOUT": "10s", "LARDER_FLEET_CONNECT_TIMEOUT": "10s"]
        ) { "redis://127.0.0.1:\(nodes[$0].port)" }
        try larders.waitUntilSharing()
        try larders.purgeEverywhere()
        let fetches = origin.count(of: "/api/v1/models")
        for larder in larders.all { #expect(try larder.get("/models").status == 200) }
        #expect(origin.count(of: "/api/v1/models") == fetches + 1)
        let holders = try nodes.filter { try !$0.keys().isEmpty }
        #expect(holders.count == 1)
        let source = try #require(holders.first)
        let target = try #require(nodes.first { $0 !== source })

        try move(from: source, to: target, all: nodes)
        var number = 0
        for _ in 0..<5 {
            for larder in larders.all {
                number += 1
                #expect(try larder.get("/model/some/model-\(number):nitro").status == 200)
            }
        }
        try larders.waitUntilUp()
        try larders.waitUntilSharing()
        try larders.purgeEverywhere(2)
        #expect(try source.keys().isEmpty && !target.keys().isEmpty)
        for larder in larders.all {
            #expect(try larder.get("/models").status == 200)
            #expect(larder.fleetLines.count <= 3, "\(larder.fleetLines)")
        }
        try larders.end()
    }

    /// Moves the slot of all keys from one node to another, while it is in use.
    private func move(from source: EngineServer, to target: EngineServer, all nodes: [EngineServer]) throws {
        let slot = try source.command("CLUSTER", "KEYSLOT", try #require(try source.keys().first))
        let names = try [source, target].map { try $0.command("CLUSTER", "MYID") }
        try target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", names[0])
        try source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", names[1])
        try eventually("the slot's move", within: .hang) {
            for key in try source.keys() {
                try source.command("MIGRATE", "127.0.0.1", "\(target.port)", key, "0", "5000", "REPLACE")
            }
            guard try source.keys().isEmpty else { return false }
            try target.command("CLUSTER", "SETSLOT", slot, "NODE", names[1])
            return try source.command("CLUSTER", "SETSLOT", slot, "NODE", names[1]).hasPrefix("OK")
        }
        for node in nodes where node !== source && node !== target {
            try node.command("CLUSTER", "SETSLOT", slot, "NODE", names[1])
        }
    }
}
