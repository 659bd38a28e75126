/// Encodes messages, one after another, into one reused buffer. Names that were written before are
/// compressed (RFC 1035, section 4.1.4), where the case of their letters is the same; the target of
/// an SRV record is always written in full (RFC 2782).
package struct MessageWriter: Sendable {
    /// The message written last.
    package private(set) var bytes: [UInt8] = []
    private var isCompressing = true
    /// Offsets of names by their hash; 0 is an empty slot.
    private var remembered: [UInt16]
    /// The used slots: clearing costs their number, and not the whole table.
    private var taken: [Int] = []
    /// The first names, each with its offset. An answer repeats the question's name, and then its
    /// own targets'.
    private var recent: [(name: DNSName, place: UInt16)] = []
    /// The offset of each label of the present name.
    private var starts: [Int] = []

    package init() {
        bytes.reserveCapacity(1024)
        remembered = [UInt16](repeating: 0, count: Limits.rememberedNames)
        starts.reserveCapacity(Limits.labelsMax)
        recent.reserveCapacity(Limits.recentNames)
    }

    /// Replaces `bytes`. A message beyond 65,535 octets cannot be sent; the caller checks.
    package mutating func write(_ message: DNSMessage, compressing: Bool = true) {
        bytes.removeAll(keepingCapacity: true)
        isCompressing = compressing
        for slot in taken { remembered[slot] = 0 }
        taken.removeAll(keepingCapacity: true)
        recent.removeAll(keepingCapacity: true)
        word(message.id)
        let code = message.code.rawValue
        word(
            message.flags.rawValue | UInt16(message.opcode.rawValue & 15) << 11 | code & 15)
        word(UInt16(truncatingIfNeeded: message.questions.count))
        word(UInt16(truncatingIfNeeded: message.answers.count))
        word(UInt16(truncatingIfNeeded: message.authorities.count))
        let options = message.edns == nil ? 0 : 1
        word(UInt16(truncatingIfNeeded: message.additionals.count + options))
        for question in message.questions {
            name(question.name)
            word(question.type.rawValue)
            word(question.questionClass.rawValue)
        }
        for record in message.answers { write(record) }
        for record in message.authorities { write(record) }
        for record in message.additionals { write(record) }
        if let edns = message.edns { write(edns, upperCode: UInt8(truncatingIfNeeded: code >> 4)) }
    }

    private mutating func write(_ record: ResourceRecord) {
        name(record.name)
        word(record.type.rawValue)
        word(record.recordClass.rawValue)
        longWord(record.ttl)
        let lengthPlace = bytes.count
        word(0)
        write(record.data)
        let length = bytes.count - lengthPlace - 2
        bytes[lengthPlace] = UInt8(truncatingIfNeeded: length >> 8)
        bytes[lengthPlace + 1] = UInt8(truncatingIfNeeded: length)
    }

    private mutating func write(_ data: RecordData) {
        switch data {
        case .a(let address): longWord(address)
        case .aaaa(let upper, let lower):
            longWord(UInt32(upper >> 32))
            longWord(UInt32(truncatingIfNeeded: upper))
            longWord(UInt32(lower >> 32))
            longWord(UInt32(truncatingIfNeeded: lower))
        case .ns(let target), .cname(let target), .ptr(let target): name(target)
        case .mx(let preference, let target):
            word(preference)
            name(target)
        case .txt(let strings):
            for string in strings {
                let count = min(string.count, Limits.characterStringMax)
                bytes.append(UInt8(count))
                bytes.append(contentsOf: string.prefix(count))
            }
        case .srv(let srv):
            word(srv.priority)
            word(srv.weight)
            word(srv.port)
            name(srv.target, pointing: false)
        case .soa(let soa):
            name(soa.server)
            name(soa.mailbox)
            longWord(soa.serial)
            longWord(soa.refresh)
            longWord(soa.retry)
            longWord(soa.expire)
            longWord(soa.minimumTTL)
        case .opaque(_, let octets): bytes.append(contentsOf: octets)
        }
    }

    private mutating func write(_ edns: EDNS, upperCode: UInt8) {
        bytes.append(0)
        word(RecordType.opt.rawValue)
        word(edns.udpSize)
        bytes.append(upperCode)
        bytes.append(edns.version)
        word(edns.isSecurityAware ? 0x8000 : 0)
        word(UInt16(truncatingIfNeeded: edns.length - 11))
        for option in edns.options {
            word(option.code)
            word(UInt16(truncatingIfNeeded: option.data.count))
            bytes.append(contentsOf: option.data)
        }
    }

    // MARK: Names

    /// - Parameter pointing: false writes it in full; later names may still point to it.
    private mutating func name(_ name: DNSName, pointing: Bool = true) {
        guard isCompressing, !name.isRoot else {
            bytes.append(contentsOf: name.bytes)
            return
        }
        if pointing {
            for index in recent.indices where recent[index].name == name {
                return word(0xC000 | recent[index].place)
            }
        }
        let octets = name.bytes
        starts.removeAll(keepingCapacity: true)
        var place = 0
        while octets[place] != 0 {
            starts.append(place)
            place += 1 + Int(octets[place])
        }
        // From the root to the left: each longer suffix continues the hash of the shorter one.
        let written = bytes.count
        if written <= Limits.pointerMax, recent.count < Limits.recentNames {
            recent.append((name, UInt16(written)))
        }
        var hash: UInt32 = 2_166_136_261
        var end = place
        var found = place
        var pointer = 0
        for start in starts.reversed() {
            for index in start..<end { hash = (hash ^ UInt32(octets[index])) &* 16_777_619 }
            end = start
            var slot = Int(truncatingIfNeeded: hash ^ hash >> 10) & (Limits.rememberedNames - 1)
            for _ in 0..<Limits.probesMax {
                let candidate = Int(remembered[slot])
                if candidate == 0 {
                    guard written + start <= Limits.pointerMax else { break }
                    remembered[slot] = UInt16(written + start)
                    taken.append(slot)
                    break
                }
                if stands(octets, from: start, at: candidate) {
                    found = start
                    pointer = candidate
                    break
                }
                slot = (slot + 1) & (Limits.rememberedNames - 1)
            }
        }
        guard pointer != 0, pointing else {
            bytes.append(contentsOf: octets)
            return
        }
        bytes.append(contentsOf: octets[..<found])
        word(0xC000 | UInt16(pointer))
    }

    /// Returns whether the suffix of `octets` from `start` is in the message at `place`. Names
    /// there may themselves end in a pointer, which leads backwards.
    private func stands(_ octets: [UInt8], from start: Int, at place: Int) -> Bool {
        var mine = start
        var theirs = place
        // The present name was stored before it was written.
        while theirs < bytes.count {
            let length = Int(bytes[theirs])
            if length >= 0xC0 {
                guard theirs + 1 < bytes.count else { return false }
                let next = (length & 0x3F) << 8 | Int(bytes[theirs + 1])
                // The octets at a stored offset may have changed: the loop must end in any case.
                guard next < theirs else { return false }
                theirs = next
                continue
            }
            guard theirs + length < bytes.count, octets[mine] == bytes[theirs] else { return false }
            if length == 0 { return true }
            for offset in 1...length where octets[mine + offset] != bytes[theirs + offset] {
                return false
            }
            mine += 1 + length
            theirs += 1 + length
        }
        return false
    }

    private mutating func word(_ value: UInt16) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func longWord(_ value: UInt32) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}
