internal import Primitives
internal import Wire

/// The contents of a push/pull.
struct RemoteState: Sendable {
    var isJoin = false
    var nodes: [PushNodeState] = []
    var userState: ArraySlice<UInt8> = []

    /// - Parameter frame: with its type byte, which is checked already.
    init(frame: [UInt8]) throws(CodecFault) {
        var reader = MessagePackReader(frame, from: 1, depthMax: Limits.recordDepthMax)
        var header = PushPullHeader()
        do {
            try header.decode(from: &reader)
            try header.check()
            for _ in 0..<header.nodes {
                var node = PushNodeState()
                try node.decode(from: &reader)
                nodes.append(node)
            }
        } catch {
            throw CodecFault("\(error)")
        }
        guard frame.count - reader.offset >= header.userStateLength else {
            throw CodecFault(
                "Failed to read user state: \(frame.count - reader.offset) of "
                    + "\(header.userStateLength) bytes")
        }
        isJoin = header.isJoin
        userState = frame[reader.offset..<reader.offset + header.userStateLength]
    }

    /// Returns the frame of a push/pull.
    static func frame(
        of members: MemberTable, isJoin: Bool, userState: [UInt8]
    ) -> [UInt8] {
        var writer = MessagePackWriter(capacity: 256 + members.count * 128 + userState.count)
        writer.byte(MessageType.pushPull.rawValue)
        var header = PushPullHeader()
        header.isJoin = isJoin
        header.nodes = members.count
        header.userStateLength = userState.count
        header.encode(to: &writer)
        for slot in members.allSlots { PushNodeState(members[slot]).encode(to: &writer) }
        writer.raw(userState)
        return writer.output
    }
}

extension PushNodeState {
    var knownState: MemberState? { UInt8(exactly: state).flatMap { MemberState(rawValue: $0) } }

    /// The announcement of this member.
    var alive: Alive {
        var record = Alive()
        record.incarnation = incarnation
        record.node = name
        (record.address, record.port) = (address, port)
        (record.meta, record.versions) = (meta, versions)
        return record
    }
}

/// Finds a member whose protocol versions do not fit the others'.
struct VersionCheck {
    private var protocolRange = VersionRange()
    private var delegateRange = VersionRange()

    private struct VersionRange {
        var least: UInt8 = 0
        var greatest: UInt8 = .max

        mutating func narrow(_ min: UInt8, _ max: UInt8) {
            least = Swift.max(least, min)
            greatest = Swift.min(greatest, max)
        }

        func holds(_ version: UInt8) -> Bool { version >= least && version <= greatest }
    }

    /// Returns the reason why two lists of members must not be merged; nil accepts.
    ///
    /// The versions that all alive members understand are a range; every member's spoken version
    /// must be in it, dead ones included.
    static func refusal(of remote: [PushNodeState], into local: MemberTable) -> String? {
        var check = VersionCheck()
        for node in remote where node.knownState == .alive {
            if let versions = VersionVector(bytes: node.versions.array) { check.narrow(versions) }
        }
        for slot in local.allSlots where local[slot].state == .alive {
            check.narrow(local[slot].versions)
        }
        for node in remote {
            let versions = VersionVector(bytes: node.versions.array)
            let fault = check.fault(
                node.name, versions?.protocolSpoken ?? 0, versions?.delegateSpoken ?? 0)
            if let fault { return fault }
        }
        for slot in local.allSlots {
            let member = local[slot]
            let fault = check.fault(
                member.name, member.versions.protocolSpoken, member.versions.delegateSpoken)
            if let fault { return fault }
        }
        return nil
    }

    private mutating func narrow(_ versions: VersionVector) {
        protocolRange.narrow(versions.protocolMin, versions.protocolMax)
        delegateRange.narrow(versions.delegateMin, versions.delegateMax)
    }

    private func fault(_ name: String, _ spoken: UInt8, _ delegateSpoken: UInt8) -> String? {
        let name = MemberlistCore.short(name)
        if !protocolRange.holds(spoken) {
            return "Node '\(name)' protocol version (\(spoken)) is incompatible: "
                + "[\(protocolRange.least), \(protocolRange.greatest)]"
        }
        if !delegateRange.holds(delegateSpoken) {
            return "Node '\(name)' delegate protocol version (\(delegateSpoken)) is incompatible: "
                + "[\(delegateRange.least), \(delegateRange.greatest)]"
        }
        return nil
    }
}
