import Memberlist
import Primitives
import Wire

@testable import Serf

/// Texts of hexadecimal digits, with spaces anywhere, and of quoted ASCII: `a2 "n1" c0`.
func bytes(_ text: String) -> [UInt8] {
    var result: [UInt8] = []
    let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
        if index % 2 == 1 {
            result += part.utf8
            continue
        }
        let digits = part.filter { $0.isHexDigit }
        var rest = digits[...]
        while rest.count >= 2 {
            result.append(UInt8(rest.prefix(2), radix: 16)!)
            rest = rest.dropFirst(2)
        }
    }
    return result
}

extension Instant {
    static func seconds(_ count: Int64) -> Instant { .zero + .seconds(count) }
}

extension SerfState {
    /// A node `n1` with itself as its only member.
    static func fixture(
        tags: [String: String] = [:], keyring: Keyring = Keyring(),
        restored: SnapshotState = SnapshotState(),
        _ change: (inout SerfOptions) -> Void = { _ in }
    ) -> SerfState {
        var state = SerfState(
            name: "n1", address: SerfPool.address(1), tags: tags,
            options: SerfPool.options(change), keyring: keyring, restored: restored,
            random: SeededRandom(seed: 1))
        state.memberJoined(.fixture(1, tags: tags), now: .zero)
        _ = state.takeDirectives()
        return state
    }

    /// A node `n1` in a pool of so many members.
    static func pool(
        of count: Int, keyring: Keyring = Keyring(),
        _ change: (inout SerfOptions) -> Void = { _ in }
    ) -> SerfState {
        var state = fixture(keyring: keyring, change)
        if count > 1 {
            for number in 2...count { state.memberJoined(.fixture(number), now: .zero) }
        }
        _ = state.takeDirectives()
        return state
    }

    mutating func receive(_ type: SerfMessageType, _ record: some Record, at now: Instant = .zero) {
        receiveUserMessage(type.encode(record)[...], now: now)
    }

    mutating func events() -> [SerfEvent] {
        takeDirectives().compactMap { if case .event(let event) = $0 { event } else { nil } }
    }

    mutating func notes() -> [String] {
        takeDirectives().compactMap { if case .note(let note) = $0 { note.text } else { nil } }
    }

    func status(_ name: String) -> SerfMember.Status? { table[name]?.member.status }

    /// The queued messages of one kind, in the order of a large datagram.
    mutating func queued(_ kind: GossipQueues.Kind) -> [[UInt8]] {
        queues[kind].take(overhead: 0, limit: 1 << 30, transmissionsMax: 1, countMax: 1 << 20)
    }

    /// The messages to other nodes since the last call.
    mutating func sent() -> [(message: [UInt8], to: TransportAddress)] {
        defer { requests = [] }
        return requests.compactMap {
            if case .send(let message, let to) = $0 { (message, to) } else { nil }
        }
    }
}

extension PoolMember {
    static func fixture(
        _ number: Int, name: String? = nil, tags: [String: String] = [:],
        state: MemberState = .alive
    ) -> PoolMember {
        PoolMember(
            name: name ?? "n\(number)", address: SerfPool.address(number),
            meta: (try? Tags.encode(tags)) ?? [], incarnation: 1, state: state)
    }
}
