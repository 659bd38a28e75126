import Testing

@testable import Raft

@Suite struct ConfigurationTests {
    static let three = Configuration(
        servers: (1...3).map { Server(id: "s\($0)", address: "127.0.0.\($0):8300") })

    @Test(arguments: [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (7, 4)])
    func aMajorityOfTheVotersDecides(voters: Int, quorum: Int) {
        var servers = (1...voters).map { Server(id: "s\($0)", address: "127.0.0.\($0):8300") }
        servers.append(Server(id: "n", address: "127.0.0.99:8300", suffrage: .nonvoter))
        #expect(Configuration(servers: servers).quorum == quorum)
    }

    // MARK: On the wire

    /// As a HashiCorp server wrote it: keys in order, a UUID as raw 16.
    @Test func bytesAreThoseOfHashiCorp() {
        let id = "01234567-89ab-cdef-0123-456789abcdef"
        let configuration = Configuration(servers: [Server(id: id, address: "127.0.0.1:8300")])
        var expected: [UInt8] = [0x81, 0xA7] + Array("Servers".utf8) + [0x91, 0x83]
        expected += [0xA7] + Array("Address".utf8) + [0xAE] + Array("127.0.0.1:8300".utf8)
        expected += [0xA2] + Array("ID".utf8) + [0xDA, 0x00, 0x24] + Array(id.utf8)
        expected += [0xA8] + Array("Suffrage".utf8) + [0x00]
        #expect(configuration.encoded == expected)
        #expect(Configuration(encoded: expected) == configuration)
    }

    @Test func manyServersDecodeToThemselves() {
        let servers = (0..<20).map { number in
            Server(
                id: "s\(number)", address: "10.0.0.\(number):8300",
                suffrage: Suffrage(rawValue: UInt8(number % 3)) ?? .voter)
        }
        let configuration = Configuration(servers: servers)
        #expect(Configuration(encoded: configuration.encoded) == configuration)
    }

    @Test func otherDataIsRefused() {
        let encoded = Self.three.encoded
        for length in 0..<encoded.count {
            #expect(Configuration(encoded: Array(encoded.prefix(length))) == nil)
        }
        #expect(Configuration(encoded: encoded + [0]) == nil)
        #expect(Configuration(encoded: [0x81, 0xA1, 0x61, 0xDD, 0xFF, 0xFF, 0xFF, 0xFF]) == nil)
    }

    @Test func unknownFieldsAreSkipped() {
        let bytes: [UInt8] =
            [0x82, 0xA1, 0x61, 0x92, 0x01, 0xC0, 0xA7] + Array("Servers".utf8) + [0x90]
        #expect(Configuration(encoded: bytes) == Configuration())
    }

    // MARK: Changes

    @Test func aServerIsAddedPromotedDemotedAndRemoved() throws {
        var group = Self.three
        group = try group.applying(.addNonvoter(id: "s4", address: "127.0.0.4:8300"))
        #expect(group["s4"]?.suffrage == .nonvoter)
        group = try group.applying(.promote(id: "s4"))
        #expect(group.isVoter("s4"))
        group = try group.applying(.demote(id: "s1"))
        #expect(group["s1"]?.suffrage == .nonvoter)
        group = try group.applying(.remove(id: "s1"))
        #expect(group.servers.map { $0.id } == ["s2", "s3", "s4"])
    }

    @Test func addingAVoterAsNonvoterOnlyMovesIt() throws {
        let group = try Self.three.applying(.addNonvoter(id: "s1", address: "127.0.0.9:8300"))
        #expect(group.isVoter("s1"))
        #expect(group["s1"]?.address == "127.0.0.9:8300")
    }

    @Test func twoServersDoNotShareAnAddress() {
        #expect(throws: RaftError.addressTaken("127.0.0.1:8300")) {
            try Self.three.applying(.addVoter(id: "s4", address: "127.0.0.1:8300"))
        }
        #expect(throws: RaftError.addressTaken("127.0.0.1:8300")) {
            try Self.three.applying(.setAddress(id: "s2", address: "127.0.0.1:8300"))
        }
    }

    @Test func aGroupKeepsAVoter() {
        let alone = Configuration(servers: [Server(id: "s1", address: "127.0.0.1:8300")])
        #expect(throws: RaftError.noVoterLeft) { try alone.applying(.remove(id: "s1")) }
        #expect(throws: RaftError.noVoterLeft) { try alone.applying(.demote(id: "s1")) }
        #expect(throws: RaftError.noSuchServer("s9")) { try alone.applying(.remove(id: "s9")) }
    }
}
