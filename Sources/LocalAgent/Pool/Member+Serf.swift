package import ConsulModel
internal import Memberlist
internal import Primitives
package import Serf

extension Member {
    /// Converts a member of a pool into the record of `/v1/agent/members`.
    package init(_ member: SerfMember) {
        self.init()
        name = member.name
        addr = "\(member.address.ip)"
        port = Int(member.address.port)
        tags = member.tags
        status = Int(member.status.rawValue)
        protocolMin = Int(member.versions.protocolMin)
        protocolMax = Int(member.versions.protocolMax)
        protocolCur = Int(member.versions.protocolSpoken)
        delegateMin = Int(member.versions.delegateMin)
        delegateMax = Int(member.versions.delegateMax)
        delegateCur = Int(member.versions.delegateSpoken)
    }
}
