import Primitives
import Raft

extension Cluster {
    private var leader: Int? {
        servers.indices.filter { servers[$0].core?.role == .leader }
            .max { servers[$0].core?.term ?? 0 < servers[$1].core?.term ?? 0 }
    }

    private var anyone: Int { Int(random.next() % UInt64(servers.count)) }

    func doFault() {
        guard !isRepairing else { return }
        let plan = options.faults
        later(.fault, within: plan.pauseMax, atLeast: plan.pauseMin)
        var left = random.next() % plan.kinds.reduce(0) { $0 + $1.weight }
        for (kind, weight) in plan.kinds {
            if left < weight {
                trace("fault \(kind)")
                return doFault(kind)
            }
            left -= weight
        }
    }

    private func doFault(_ kind: FaultPlan.Kind) {
        switch kind {
        case .crash: crash(chance(1, in: 2) ? leader ?? anyone : anyone)
        case .blackout: for number in servers.indices { crash(number) }
        case .trapNextLeader: trapsNextLeader = true
        case .crashInStep: servers[anyone].crashesInStep = true
        case .split, .isolateLeader, .oneWay, .scatter, .heal: partition(kind)
        case .clockJump: jump(anyone)
        case .slowDisk:
            let number = anyone
            servers[number].isSlow = true
            later(.repairDisk(number), within: 150, atLeast: 50)
        case .fullDisk:
            let number = anyone
            servers[number].disk.isFull = true
            later(.repairDisk(number), within: 100, atLeast: 50)
        case .failingDisk:
            let number = anyone
            let next = servers[number].disk.operations + 1 + Int(random.next() % 6)
            servers[number].disk.failsAt = next
        case .lyingDisk: servers[anyone].disk.lies = true
        case .changeGroup: changeGroup()
        case .changeAndSplit:
            changeGroup()
            network.split(servers.map { _ in chance(1, in: 2) })
        case .transfer:
            let target: ServerID? = chance(1, in: 2) ? nil : servers[anyone].id
            if let leader { step(leader, .transferLeadership(to: target, 0)) }
        }
    }

    /// `FaultPlan.Kind.trapNextLeader`, before any of its directives is carried out.
    func spring(on leader: Int) {
        trapsNextLeader = false
        let incarnation = servers[leader].incarnation
        if chance(1, in: 3) {
            return later(.crash(leader, incarnation: incarnation), within: 6)
        }
        guard chance(1, in: 2) else { return later(.cutOff(leader), within: 12) }
        cutOff(leader)
    }

    func cutOff(_ number: Int) {
        guard !isRepairing else { return }
        network.heal()
        network.split(servers.indices.map { $0 == number })
    }

    private func partition(_ kind: FaultPlan.Kind) {
        switch kind {
        case .split:
            network.split(servers.map { _ in chance(1, in: 2) })
        case .isolateLeader:
            let alone = leader ?? anyone
            network.split(servers.indices.map { $0 == alone })
        case .oneWay:
            let from = anyone
            let to = anyone
            if from != to { network.cut(from: from, to: to) }
        case .scatter:
            for from in servers.indices {
                for to in servers.indices where from != to && chance(1, in: 4) {
                    network.cut(from: from, to: to)
                }
            }
        default: network.heal()
        }
    }

    private func jump(_ number: Int) {
        servers[number].offset += Int64(random.next() % 90) * 1_000_000
        step(number, .tick)
        let at = servers[number].wakeAt
        guard at < .distantFuture else { return }
        let time = max(clock.now, servers[number].global(at))
        queue.schedule(.wake(number, at: at), at: time)
    }

    private func changeGroup() {
        // Sometimes a server that believes to lead and does not.
        let leaders = servers.indices.filter { servers[$0].core?.role == .leader }
        for leader in leaders {
            for _ in 0...random.next() % 3 {
                guard let core = servers[leader].core else { break }
                let change = anyChange(voters: core.configuration.voters.count)
                step(leader, .changeConfiguration(change, 0, previousIndex: nil))
            }
        }
    }

    private func anyChange(voters: Int) -> ConfigurationChange {
        let number = anyone
        let id = servers[number].id
        let address = Self.address(number)
        return switch random.next() % 6 {
        case 0, 1: .addNonvoter(id: id, address: address)
        case 2: .addVoter(id: id, address: address)
        case 3 where voters > 2: .demote(id: id)
        case 4 where voters > 2: .remove(id: id)
        default: .promote(id: id)
        }
    }

    /// From here on there are no faults: all acknowledged writes must be there, and the group must
    /// find together.
    func repairAll() {
        isRepairing = true
        trapsNextLeader = false
        network.heal()
        network.lostPerMille = 0
        network.stragglersPerMille = 0
        for number in servers.indices {
            servers[number].crashesInStep = false
            servers[number].isSlow = false
            servers[number].disk.isFull = false
            servers[number].disk.failsAt = nil
        }
    }

    /// True when there is one leader, and every server of its group has applied its whole log.
    var isSettled: Bool {
        guard let leader, let core = servers[leader].core, core.commitIndex == core.lastIndex,
            core.lastTerm == core.term
        else { return false }
        return core.configuration.servers.allSatisfy { server in
            guard let number = Int(server.id.dropFirst()) else { return false }
            return servers[number - 1].machine.index == core.lastIndex
        }
    }
}
