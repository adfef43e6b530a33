import EventLoop

extension ShardSettings {
    /// Those of the same process under changed settings: what loops share, and what was drawn by lot at the start, goes on.
    func taking(_ settings: Settings, addresses: [SocketAddress]) -> ShardSettings {
        var next = ShardSettings(settings, isDemo: isDemo, addresses: addresses, fingerprinter: fingerprinter)
        next.openConnections = openConnections
        next.entryBuilder = next.entryBuilder.sharingRows(with: entryBuilder)
        return next
    }
}
