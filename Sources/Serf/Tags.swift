internal import Memberlist
internal import Wire

/// Encodes the tags of a member as memberlist's meta: `ff`, then a map.
package enum Tags {
    /// Marks a map; anything else is a bare role, as Serf sent it before protocol 3.
    private static let mark: UInt8 = 0xFF

    /// - Throws: `tagsTooLong` beyond memberlist's bound on the meta.
    package static func encode(_ tags: [String: String]) throws(SerfError) -> [UInt8] {
        var writer = MessagePackWriter()
        writer.byte(mark)
        tags.encode(to: &writer)
        let limit = Memberlist.Limits.metaBytesMax
        guard writer.count <= limit else { throw .tagsTooLong(limit: limit) }
        return writer.output
    }

    /// - Returns: nil when the bytes after the mark are no map of texts.
    package static func decode(_ meta: [UInt8]) -> [String: String]? {
        guard meta.first == mark else {
            return ["role": String(decoding: meta, as: UTF8.self)]
        }
        var reader = MessagePackReader(meta, from: 1)
        var tags: [String: String] = [:]
        do { try tags.decode(from: &reader) } catch { return nil }
        return tags
    }
}
