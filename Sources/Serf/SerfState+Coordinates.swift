internal import Memberlist
internal import Primitives
internal import Vivaldi
internal import Wire

extension SerfState {
    /// The first byte of an ack's payload: the version of the rest.
    private static let payloadVersion: UInt8 = 1

    func ackPayload() -> [UInt8] { encodedCoordinate }

    mutating func encodeCoordinate() {
        guard options.sendsCoordinates else { return }
        var writer = MessagePackWriter()
        writer.byte(Self.payloadVersion)
        writer.record(vivaldi.coordinate)
        encodedCoordinate = writer.output
    }

    mutating func pingCompleted(
        _ member: PoolMember, roundTrip: GoDuration, payload: ArraySlice<UInt8>
    ) {
        guard options.sendsCoordinates, let version = payload.first,
            table[member.name] != nil
        else { return }
        guard version == Self.payloadVersion else {
            return note(.error, "serf.coordinate.version", "Unsupported ping version: \(version)")
        }
        var reader = MessagePackReader(Array(payload), from: 1)
        var received = Coordinate()
        do {
            try reader.record(&received)
        } catch {
            return note(
                .error, "serf.coordinate.invalid",
                "Failed to decode coordinate from ping: \(error)")
        }
        if let reason = vivaldi.update(
            peer: member.name, coordinate: received, roundTrip: roundTrip)
        {
            return note(
                .debug, "serf.coordinate.rejected",
                "Rejected coordinate from \(member.name): \(reason)")
        }
        coordinates[member.name] = received
        encodeCoordinate()
    }
}
