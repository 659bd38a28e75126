/// `SHA256SUMS`, as the program `sha256sum` writes and checks it: of `meta.json` and `state.bin`.
struct SnapshotSums: Equatable {
    var meta: String
    var state: String

    var text: [UInt8] { Array("\(meta)  meta.json\n\(state)  state.bin\n".utf8) }

    init(meta: String, state: String) {
        self.meta = meta
        self.state = state
    }

    /// Parses the sums, in either order; nil for any other text.
    init?(_ text: [UInt8]) {
        var sums: [String: String] = [:]
        for line in text.split(separator: 0x0A) {
            let line = String(decoding: line, as: UTF8.self)
            let parts = line.split(separator: " ", omittingEmptySubsequences: true)
            guard parts.count == 2, parts[0].utf8.count == 64 else { return nil }
            sums[String(parts[1])] = String(parts[0])
        }
        guard sums.count == 2, let meta = sums["meta.json"], let state = sums["state.bin"] else {
            return nil
        }
        self.init(meta: meta, state: state)
    }
}
