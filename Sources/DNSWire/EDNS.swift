/// The OPT pseudo-record (RFC 6891): the size that a client accepts, and options.
package struct EDNS: Hashable, Sendable {
    /// The largest datagram in octets that its sender accepts.
    package var udpSize: UInt16
    package var version: UInt8 = 0
    /// The upper eight bits of the response code.
    package var extendedCode: UInt8 = 0
    /// The sender understands DNSSEC's records.
    package var isSecurityAware = false
    package var options: [Option] = []

    package init(udpSize: UInt16) { self.udpSize = udpSize }

    package struct Option: Hashable, Sendable {
        package var code: UInt16
        package var data: [UInt8]
        package init(code: UInt16, data: [UInt8]) {
            self.code = code
            self.data = data
        }
    }

    /// The octets of the record on the wire.
    package var length: Int { options.reduce(11) { $0 + 4 + $1.data.count } }

    /// The first valid client subnet.
    package var clientSubnet: ClientSubnet? {
        for option in options where option.code == ClientSubnet.code {
            if let subnet = ClientSubnet(option.data) { return subnet }
        }
        return nil
    }

    /// True for a client subnet that RFC 7871 requires to answer with FORMERR: truncated, of an
    /// unknown family, or with a prefix beyond it. Family 0 is for a prefix of no bits.
    package var hasMalformedSubnet: Bool {
        options.contains { option in
            guard option.code == ClientSubnet.code else { return false }
            guard option.data.count >= 4 else { return true }
            let bitsMax =
                switch (option.data[0], option.data[1]) {
                case (0, 0): 0
                case (0, 1): 32
                case (0, 2): 128
                default: -1
                }
            return Int(option.data[2]) > bitsMax || Int(option.data[3]) > max(bitsMax, 0)
        }
    }
}

/// The network for which a resolver asks (RFC 7871).
package struct ClientSubnet: Hashable, Sendable {
    package static let code: UInt16 = 8

    package enum Family: UInt16, Sendable {
        case four = 1
        case six = 2
    }

    package var family: Family
    package var sourcePrefix: UInt8
    package var scopePrefix: UInt8
    /// The octets of the source prefix.
    package var address: [UInt8]

    /// Returns nil when the octets do not fit the prefix, or the prefix the family.
    package init?(_ data: [UInt8]) {
        guard data.count >= 4, let family = Family(rawValue: UInt16(data[0]) << 8 | UInt16(data[1]))
        else { return nil }
        let bitsMax = family == .four ? 32 : 128
        let needed = (Int(data[2]) + 7) / 8
        guard Int(data[2]) <= bitsMax, Int(data[3]) <= bitsMax, data.count == 4 + needed else {
            return nil
        }
        self.family = family
        sourcePrefix = data[2]
        scopePrefix = data[3]
        address = Array(data[4...])
        let spare = needed * 8 - Int(sourcePrefix)
        if spare > 0, let last = address.last, last & ~(0xFF << UInt8(spare)) != 0 {
            // Bits beyond the prefix disclose more than the resolver intended.
            address[needed - 1] = last & (0xFF << UInt8(spare))
        }
    }

    package var option: EDNS.Option {
        EDNS.Option(
            code: Self.code,
            data: [0, UInt8(family.rawValue), sourcePrefix, scopePrefix] + address)
    }
}
