/// The protocol versions of a member: memberlist's own, and those of the protocol on top (Serf).
/// Six bytes on the wire: minimum, maximum and spoken of each.
package struct VersionVector: Sendable, Hashable, CustomStringConvertible {
    package var protocolMin: UInt8
    package var protocolMax: UInt8
    package var protocolSpoken: UInt8
    package var delegateMin: UInt8
    package var delegateMax: UInt8
    package var delegateSpoken: UInt8

    /// Sent by Consul 1.8.7 in both pools: memberlist 1 to 5 speaking 2, Serf 2 to 5 speaking 4.
    package static let consul = VersionVector(bytes: [1, 5, 2, 2, 5, 4])!

    /// - Returns: nil unless there are exactly six bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 6 else { return nil }
        let all = Array(bytes)
        (protocolMin, protocolMax, protocolSpoken) = (all[0], all[1], all[2])
        (delegateMin, delegateMax, delegateSpoken) = (all[3], all[4], all[5])
    }

    package var bytes: [UInt8] {
        [protocolMin, protocolMax, protocolSpoken, delegateMin, delegateMax, delegateSpoken]
    }

    package var description: String { bytes.map { String($0) }.joined(separator: ".") }

    /// Answers pings on TCP.
    package var hasStreamPing: Bool { protocolMax >= 3 }
    /// Sends a nack for an indirect ping without ack.
    package var hasNack: Bool { protocolMax >= 4 }
    /// Checks the CRC before a packet.
    package var hasChecksum: Bool { protocolMax >= 5 }
}
