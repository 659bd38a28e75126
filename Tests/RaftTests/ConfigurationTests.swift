import Testing

@testable import Raft

@Suite struct ConfigurationTests {
    @Test(arguments: [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (7, 4)])
    func aMajorityOfTheVotersDecides(voters: Int, quorum: Int) {
        var servers = (1...voters).map { Server(id: "s\($0)", address: "127.0.0.\($0):8300") }
        servers.append(Server(id: "n", address: "127.0.0.99:8300", suffrage: .nonvoter))
        #expect(Configuration(servers: servers).quorum == quorum)
    }
}
