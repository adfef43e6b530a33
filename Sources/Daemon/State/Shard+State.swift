import Bytes
import Caching
import EventLoop
import HTTPCore
import Serving
import Store

/// A copy that is being read from the state directory.
struct Recall: Hashable, Sendable {
    let resource: Resource
    let owner: Owner
}

/// Who waits for it.
struct RecallInHand {
    var parties: [Dispatcher.Party]
    /// Whether the copy was ended while it was being read: then it is not to come back.
    var isVoid = false
}

/// What a loop has to do with the state directory: it hands over what it leads, and asks for what memory lacks.
extension Shard {
    /// Begins with what outlived the last process.
    func takeUp(_ start: StateAtStart) {
        for key in start.keys { onDisk.insert(key) }
        guard let catalog = start.catalog else { return }
        cache.store(catalog, for: .catalog, owner: .nobody)
        hasCatalog = true
        readiness = .ready
        if index == 0 { supervisor.send(.readiness(.ready)) }
    }

    // MARK: Reading

    /// Has a copy read that memory lacks, before upstream is asked. False if there is none, and nothing was done.
    func recall(_ resource: Resource, for party: Dispatcher.Party) -> Bool {
        guard let state, !onDisk.isEmpty else { return false }
        let recall = Recall(resource: resource, owner: party.owner)
        if recalls[recall] != nil {
            recalls[recall]?.parties.append(party)
            return true
        }
        guard cache.lacks(resource, owner: party.owner) else { return false }
        let own = state.key(of: resource, owner: party.owner)
        let shared = state.key(of: resource, owner: nil)
        guard let key = [own, shared].first(where: { onDisk.contains($0) }) else { return false }
        recalls[recall] = RecallInHand(parties: [party])
        let mailbox = peers[index]
        state.look(for: key) { mailbox.send(.recalled(recall, $0)) }
        return true
    }

    /// The state directory has answered.
    func recalled(_ recall: Recall, _ record: StoredRecord?) {
        guard let state, let record else {
            forget(recall)
            return resume(recall)
        }
        let builder = settings.entryBuilder
        let list = recalls[recall]?.parties.first?.list
        let now = loop.nowMilliseconds
        loop.offload {
            state.read(recall.resource, record, builder, beside: list, now: now)
        } then: { [self] reading in
            switch reading {
            case .entry(let entry):
                if recalls[recall]?.isVoid != true { keep(entry, for: recall.resource, owner: recall.owner) }
            case .none: forget(recall)
            case .damaged:
                onDisk.removeAll()
                state.reportDamage()
            }
            resume(recall)
        }
    }

    private func forget(_ recall: Recall) {
        guard let state else { return }
        onDisk.remove(state.key(of: recall.resource, owner: recall.owner))
        onDisk.remove(state.key(of: recall.resource, owner: nil))
    }

    /// Those who waited for it are dealt with as if they had come only now.
    private func resume(_ recall: Recall) {
        for party in recalls.removeValue(forKey: recall)?.parties ?? [] { dispatch(recall.resource, for: party) }
    }

    // MARK: Ending

    /// Upstream has refused an owner's key: what is its own ends, and does not come back from where it is being read.
    func endEntries(of owner: Owner) {
        cache.removeEntries(of: owner)
        for recall in recalls.keys where recall.owner == owner { recalls[recall]?.isVoid = true }
    }

    // MARK: Writing

    /// Hands over what has landed.
    func persist(_ entry: Entry, _ record: StoredRecord?, for resource: Resource, owner: Owner) {
        guard let state else { return }
        let now = loop.nowMilliseconds
        if case .refusal = entry.content {
            if entry.status == .unauthorized || entry.status == .forbidden, owner != .nobody {
                let bytes = state.key(of: resource, owner: owner).owner
                onDisk.remove(where: { $0.owner == bytes })
                return state.removeAll(of: owner)
            }
            drop(resource, owner)
            if entry.status == .notFound { drop(resource, nil) }
        } else if let record {
            onDisk.insert(record.key)
            state.keep(record, now: now)
            // Upstream allows one of the two kinds of copy.
            drop(resource, entry.isShared ? owner : nil)
        } else if entry.status == .ok, onDisk.mayContain(state.key(of: resource, owner: entry.isShared ? nil : owner)) {
            state.confirm(entry, for: resource, owner: owner, now: now)
        }
    }

    /// Throws out what a purge concerns, in memory and on disk. Each thing is named by a number that is the same on all loops.
    func remove(_ purge: Purge) -> [Int] {
        for recall in recalls.keys where purge.covers(recall.resource, ownerHigh: recall.owner.high) {
            recalls[recall]?.isVoid = true
        }
        if let state {
            // Of a copy whose name was forgotten nobody can say whether the purge concerns it.
            let isForAll = purge == .all || onDisk.isPartial
            for key in onDisk.remove(where: { isForAll || state.covers(purge, $0) }) where !isForAll {
                state.remove(key)
            }
            if isForAll {
                onDisk.removeAll()
                state.removeEverything()
            }
        }
        return cache.remove(purge)
    }

    private func drop(_ resource: Resource, _ owner: Owner?) {
        guard let state, onDisk.remove(state.key(of: resource, owner: owner)) else { return }
        state.remove(resource, owner: owner)
    }
}
