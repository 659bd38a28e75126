import Primitives
import Raft

extension Cluster {
    func ask(_ number: Int) {
        guard number >= 0, !isRepairing, clients[number].open == nil else { return }
        let command = clients[number].next(&random, number: nextCommand)
        nextCommand += 1
        let server = clients[number].server
        let ticket = nextTicket
        nextTicket += 1
        calls += 1
        history.append(
            Operation(
                client: number, key: command.key, operation: command.operation, called: calls))
        clients[number].open = .init(
            ticket: ticket, historyIndex: history.count - 1, server: server, data: command.encoded)
        owners[ticket] = number
        later(.giveUp(client: number, ticket), within: 150, atLeast: 20)
        guard servers[server].isUp else { return refused(number, hint: nil) }
        if command.operation == .get {
            let mode: ReadMode = readsByLease && chance(1, in: 2) ? .lease : .quorum
            step(server, .read(ticket, mode))
        } else {
            var batch = [Proposal(ticket: ticket, data: command.encoded)]
            if chance(1, in: 8) { batch.append(Proposal(ticket: 0, kind: .barrier)) }
            step(server, .propose(batch))
        }
    }

    func answer(_ ticket: Ticket, _ outcome: Outcome, _ server: Int) {
        guard let number = owners[ticket], let open = clients[number].open,
            open.ticket == ticket
        else { return }
        switch outcome {
        case .committed(let index, let term):
            checkers.acknowledges(open.data, index: index, term: term)
            let result = servers[server].results[index] ?? 0
            checkers.reads(client: number, index: index)
            finish(number, result: result)
        case .notLeader(let leader):
            refused(number, hint: leader.flatMap { Int($0.id.dropFirst()) })
        case .refused: refused(number, hint: nil)
        case .lost, .timedOut, .done: forget(number)
        }
    }

    func readReady(_ ticket: Ticket, _ server: Int) {
        guard let number = owners[ticket], let open = clients[number].open,
            open.ticket == ticket
        else { return }
        let machine = servers[server].machine
        checkers.reads(client: number, index: machine.index)
        finish(number, result: machine.values[Int(history[open.historyIndex].key)])
    }

    private func finish(_ number: Int, result: UInt16) {
        guard let open = clients[number].open else { return }
        calls += 1
        history[open.historyIndex].returned = calls
        history[open.historyIndex].result = result
        let item = history[open.historyIndex]
        if let value = item.operation.value(result: result) {
            clients[number].believed[Int(item.key)] = value
        }
        close(number)
        later(.client(number), within: 12, atLeast: 1)
    }

    /// Nothing was written, so that nothing happened.
    private func refused(_ number: Int, hint: Int?) {
        guard let open = clients[number].open else { return }
        history[open.historyIndex].operation = .get
        close(number)
        let random = Int(random.next() % UInt64(servers.count))
        clients[number].server = hint.map { $0 - 1 } ?? random
        later(.client(number), within: 8, atLeast: 2)
    }

    /// The outcome is unknown.
    private func forget(_ number: Int) {
        close(number)
        clients[number].server = Int(random.next() % UInt64(servers.count))
        later(.client(number), within: 8, atLeast: 2)
    }

    private func close(_ number: Int) {
        if let open = clients[number].open { owners[open.ticket] = nil }
        clients[number].open = nil
    }

    func giveUp(_ number: Int, _ ticket: Ticket) {
        if clients[number].open?.ticket == ticket { forget(number) }
    }
}
