package import Primitives

extension SnapshotRecord {
    /// The record as a line of Serf's snapshot file, without the newline.
    package var line: String {
        switch self {
        case .alive(let name, let address): "alive: \(name) \(address)"
        case .notAlive(let name): "not-alive: \(name)"
        case .clock(let time): "clock: \(time)"
        case .eventClock(let time): "event-clock: \(time)"
        case .queryClock(let time): "query-clock: \(time)"
        case .leave: "leave"
        }
    }

    /// Reads a line without its newline.
    ///
    /// - Returns: nil for comments, for the coordinates of old versions and for anything else.
    package init?(line: some StringProtocol) {
        if line == "leave" {
            self = .leave
            return
        }
        guard let separator = line.firstIndex(of: " ") else { return nil }
        let rest = line[line.index(after: separator)...]
        switch line[..<separator] {
        case "alive:":
            guard let space = rest.lastIndex(of: " "), space > rest.startIndex,
                let address = TransportAddress(rest[rest.index(after: space)...])
            else { return nil }
            self = .alive(name: String(rest[..<space]), address)
        case "not-alive:" where !rest.isEmpty: self = .notAlive(name: String(rest))
        case "clock:":
            guard let time = UInt64(rest) else { return nil }
            self = .clock(time)
        case "event-clock:":
            guard let time = UInt64(rest) else { return nil }
            self = .eventClock(time)
        case "query-clock:":
            guard let time = UInt64(rest) else { return nil }
            self = .queryClock(time)
        default: return nil
        }
    }
}

extension SnapshotState {
    /// Reads a file. A last line without newline was torn by a crash and is dropped; lines that are
    /// no records are skipped.
    package init(_ text: [UInt8], rejoinsAfterLeave: Bool = false) {
        self.init(rejoinsAfterLeave: rejoinsAfterLeave)
        guard let end = text.lastIndex(of: UInt8(ascii: "\n")) else { return }
        for line in text[..<end].split(separator: UInt8(ascii: "\n")) {
            let line = String(decoding: line, as: UTF8.self)
            if let record = SnapshotRecord(line: line) { apply(record) }
        }
    }

    /// Applies the next record of a file.
    ///
    /// A departure clears the members and the clocks, unless `rejoinsAfterLeave`: a node that left
    /// starts anew.
    package mutating func apply(_ record: SnapshotRecord) {
        switch record {
        case .alive(let name, let address):
            alive[name] = address
            hasLeft = false
        case .notAlive(let name): alive[name] = nil
        case .clock(let time): clock = time
        case .eventClock(let time): eventClock = time
        case .queryClock(let time): queryClock = time
        case .leave:
            if !rejoinsAfterLeave { self = SnapshotState() }
            hasLeft = true
        }
    }

    /// The records of a compacted file. Reading them gives the same state.
    package var records: [SnapshotRecord] {
        var records = alive.sorted { $0.key < $1.key }
            .map { SnapshotRecord.alive(name: $0.key, $0.value) }
        records += [.clock(clock), .eventClock(eventClock), .queryClock(queryClock)]
        // A departure that clears comes first, or the clocks would be lost.
        if hasLeft { records.insert(.leave, at: rejoinsAfterLeave ? records.count : 0) }
        return records
    }

    /// The size above which the file is written anew from `records`.
    package var compactionBytes: Int {
        max(Limits.compactionBytesMin, Limits.compactionBytesPerMember * alive.count)
    }
}
