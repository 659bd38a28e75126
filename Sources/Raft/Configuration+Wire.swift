/// A configuration as an entry holds it: MessagePack, in the older dialect that HashiCorp's servers
/// write (strings of 32 bytes and more as raw 16, no str 8; keys in order).
///
///     {"Servers": [{"Address": "ip:port", "ID": "…", "Suffrage": 0}]}
extension Configuration {
    package var encoded: [UInt8] {
        var out: [UInt8] = [0x81]
        Self.write("Servers", to: &out)
        if servers.count < 16 {
            out.append(0x90 | UInt8(servers.count))
        } else {
            out += [0xDC, UInt8(truncatingIfNeeded: servers.count >> 8)]
            out.append(UInt8(truncatingIfNeeded: servers.count))
        }
        for server in servers {
            out.append(0x83)
            Self.write("Address", to: &out)
            Self.write(server.address, to: &out)
            Self.write("ID", to: &out)
            Self.write(server.id, to: &out)
            Self.write("Suffrage", to: &out)
            out.append(server.suffrage.rawValue)
        }
        return out
    }

    /// - Returns: nil for anything else than one configuration. Unknown fields are skipped.
    package init?(encoded: [UInt8]) {
        var reader = ConfigurationReader(bytes: encoded[...])
        guard let servers = reader.servers(), reader.bytes.isEmpty else { return nil }
        self.init(servers: servers)
    }

    private static func write(_ text: String, to out: inout [UInt8]) {
        let utf8 = text.utf8
        if utf8.count < 32 {
            out.append(0xA0 | UInt8(utf8.count))
        } else {
            out += [0xDA, UInt8(truncatingIfNeeded: utf8.count >> 8)]
            out.append(UInt8(truncatingIfNeeded: utf8.count))
        }
        out += utf8
    }
}

/// Reads the little of MessagePack that a configuration needs; nil wherever it is something else.
private struct ConfigurationReader {
    var bytes: ArraySlice<UInt8>

    mutating func servers() -> [Server]? {
        var servers: [Server] = []
        guard let fields = count(fixed: 0x80, wide: 0xDE) else { return nil }
        for _ in 0..<fields {
            guard let name = text() else { return nil }
            guard name == "Servers" else {
                guard skip(depth: 0) else { return nil }
                continue
            }
            guard let count = count(fixed: 0x90, wide: 0xDC) else { return nil }
            for _ in 0..<count {
                guard let server = server() else { return nil }
                servers.append(server)
            }
        }
        return servers
    }

    private mutating func server() -> Server? {
        var server = Server(id: "", address: "")
        guard let fields = count(fixed: 0x80, wide: 0xDE) else { return nil }
        for _ in 0..<fields {
            guard let name = text() else { return nil }
            switch name {
            case "Address":
                guard let value = text() else { return nil }
                server.address = value
            case "ID":
                guard let value = text() else { return nil }
                server.id = value
            case "Suffrage":
                guard let byte = bytes.popFirst(), let value = Suffrage(rawValue: byte) else {
                    return nil
                }
                server.suffrage = value
            default:
                guard skip(depth: 0) else { return nil }
            }
        }
        return server
    }

    private mutating func number(bytes count: Int) -> Int? {
        guard bytes.count >= count else { return nil }
        defer { bytes.removeFirst(count) }
        return bytes.prefix(count).reduce(0) { $0 << 8 | Int($1) }
    }

    /// Of a map or an array. `wide` has two bytes, the mark after it four.
    private mutating func count(fixed: UInt8, wide: UInt8) -> Int? {
        guard let mark = bytes.popFirst() else { return nil }
        if mark & 0xF0 == fixed { return Int(mark & 0x0F) }
        if mark == wide { return number(bytes: 2) }
        return mark == wide + 1 ? number(bytes: 4) : nil
    }

    private mutating func text() -> String? {
        guard let mark = bytes.popFirst() else { return nil }
        let length: Int? =
            switch mark {
            case 0xA0...0xBF: Int(mark & 0x1F)
            case 0xD9, 0xC4: number(bytes: 1)
            case 0xDA, 0xC5: number(bytes: 2)
            case 0xDB, 0xC6: number(bytes: 4)
            default: nil
            }
        guard let length, length <= bytes.count else { return nil }
        defer { bytes.removeFirst(length) }
        return String(decoding: bytes.prefix(length), as: UTF8.self)
    }

    /// A value of an unknown field.
    private mutating func skip(depth: Int) -> Bool {
        guard depth < 8, let mark = bytes.first else { return false }
        switch mark {
        case 0x00...0x7F, 0xE0...0xFF, 0xC0, 0xC2, 0xC3:
            bytes.removeFirst()
            return true
        case 0xCC...0xCF, 0xD0...0xD3:
            bytes.removeFirst()
            return number(bytes: 1 << Int(mark & 3)) != nil
        case 0xCA, 0xCB:
            bytes.removeFirst()
            return number(bytes: mark == 0xCA ? 4 : 8) != nil
        case 0x80...0x8F, 0xDE, 0xDF:
            guard let count = count(fixed: 0x80, wide: 0xDE) else { return false }
            return skip(times: count * 2, depth: depth)
        case 0x90...0x9F, 0xDC, 0xDD:
            guard let count = count(fixed: 0x90, wide: 0xDC) else { return false }
            return skip(times: count, depth: depth)
        default:
            return text() != nil
        }
    }

    private mutating func skip(times: Int, depth: Int) -> Bool {
        for _ in 0..<times where !skip(depth: depth + 1) { return false }
        return true
    }
}
