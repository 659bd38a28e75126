import ConsulModel
import ConsulState

// Transactions: `txn SUBJECT.VERB words… | SUBJECT.VERB words…`, the words as in the lines of their
// own.

extension ScriptRunner {
    static func operations(_ text: Substring) -> [TxnOperation] {
        text.split(separator: "|").map { operation(Line($0)) }
    }

    private static func operation(_ line: Line) -> TxnOperation {
        var line = line
        let names = line.words.removeFirst().split(separator: ".").map(String.init)
        let verb = names.count > 1 ? names[1] : ""
        var operation = TxnOperation()
        let index = UInt64(line["index"]) ?? 0
        let registration = registration(line)
        switch names[0] {
        case "kv": operation.kv = TxnKVOperation(verb, entry(line))
        case "node":
            operation.node = TxnNodeOperation()
            operation.node?.verb = verb
            operation.node?.node.id = registration.id
            operation.node?.node.node = registration.node
            operation.node?.node.address = registration.address
            operation.node?.node.raftIndex.modifyIndex = index
        case "service":
            operation.service = TxnServiceOperation()
            operation.service?.verb = verb
            operation.service?.node = registration.node
            operation.service?.service = registration.service ?? NodeService()
            operation.service?.service.raftIndex.modifyIndex = index
        case "check":
            operation.check = TxnCheckOperation()
            operation.check?.verb = verb
            operation.check?.check = registration.checks.first ?? HealthCheck()
            operation.check?.check.node = registration.node
            operation.check?.check.raftIndex.modifyIndex = index
        default:
            operation.session = TxnSessionOperation()
            operation.session?.verb = verb
            operation.session?.session.id = sessionID(line.words.first ?? "")
        }
        return operation
    }

    static func describe(_ response: TxnResponse) -> String {
        if let errors = response.errors {
            return errors.map { "[\($0.operationIndex)] \($0.what)" }.joined(separator: "; ")
        }
        let results = (response.results ?? []).map { result in
            if let entry = result.kv { return "key \(entry.key)@\(entry.raftIndex.modifyIndex)" }
            if let node = result.node {
                return "node \(node.node)@\(node.raftIndex.modifyIndex)"
            }
            if let service = result.service {
                return "service \(service.id)@\(service.raftIndex.modifyIndex)"
            }
            return result.check.map { "check \($0.checkID)=\($0.status)" } ?? "nothing"
        }
        return "ok" + results.map { " (\($0))" }.joined()
    }
}
