/// A record: an owner's name and one piece of data.
package struct ResourceRecord: Hashable, Sendable {
    package var name: DNSName
    package var recordClass: RecordClass
    /// The TTL in seconds.
    package var ttl: UInt32
    package var data: RecordData

    package init(
        _ name: DNSName, ttl: UInt32, _ data: RecordData, recordClass: RecordClass = .internet
    ) {
        self.name = name
        self.recordClass = recordClass
        self.ttl = ttl
        self.data = data
    }

    package var type: RecordType { data.type }

    /// Returns the same data under another name.
    package func owned(by name: DNSName) -> ResourceRecord {
        var record = self
        record.name = name
        return record
    }
}

/// The data of a record.
package enum RecordData: Hashable, Sendable {
    /// The four octets, the first in the highest bits.
    case a(UInt32)
    case aaaa(UInt64, UInt64)
    case ns(DNSName)
    case cname(DNSName)
    case ptr(DNSName)
    case mx(preference: UInt16, DNSName)
    /// Character strings of up to 255 octets each; longer ones are truncated when written.
    case txt([[UInt8]])
    case srv(SRVData)
    case soa(SOAData)
    /// A type without a case of its own: its unchanged octets (RFC 3597).
    case opaque(RecordType, [UInt8])

    package var type: RecordType {
        switch self {
        case .a: .a
        case .aaaa: .aaaa
        case .ns: .ns
        case .cname: .cname
        case .ptr: .ptr
        case .mx: .mx
        case .txt: .txt
        case .srv: .srv
        case .soa: .soa
        case .opaque(let type, _): type
        }
    }

    /// The octets of the data when no name in it is compressed.
    package var uncompressedLength: Int {
        switch self {
        case .a: 4
        case .aaaa: 16
        case .ns(let name), .cname(let name), .ptr(let name): name.bytes.count
        case .mx(_, let name): 2 + name.bytes.count
        case .txt(let strings):
            strings.reduce(0) { $0 + 1 + min($1.count, Limits.characterStringMax) }
        case .srv(let srv): 6 + srv.target.bytes.count
        case .soa(let soa): 20 + soa.server.bytes.count + soa.mailbox.bytes.count
        case .opaque(_, let bytes): bytes.count
        }
    }
}

/// The location of a service's instance (RFC 2782).
package struct SRVData: Hashable, Sendable {
    package var priority: UInt16
    package var weight: UInt16
    package var port: UInt16
    package var target: DNSName

    package init(priority: UInt16, weight: UInt16, port: UInt16, target: DNSName) {
        self.priority = priority
        self.weight = weight
        self.port = port
        self.target = target
    }
}

/// The authority of a zone and its timers (RFC 1035, section 3.3.13). Times are seconds.
package struct SOAData: Hashable, Sendable {
    package var server: DNSName
    package var mailbox: DNSName
    package var serial: UInt32
    package var refresh: UInt32
    package var retry: UInt32
    package var expire: UInt32
    package var minimumTTL: UInt32

    package init(
        server: DNSName, mailbox: DNSName, serial: UInt32, refresh: UInt32, retry: UInt32,
        expire: UInt32, minimumTTL: UInt32
    ) {
        self.server = server
        self.mailbox = mailbox
        self.serial = serial
        self.refresh = refresh
        self.retry = retry
        self.expire = expire
        self.minimumTTL = minimumTTL
    }
}

extension ResourceRecord {
    /// The octets of the whole record when no name is compressed.
    package var uncompressedLength: Int { name.bytes.count + 10 + data.uncompressedLength }
}
