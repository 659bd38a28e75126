internal import ConsulModel
internal import GossipNode
internal import Primitives
internal import Serf

/// Runs a keyring operation on every member of one pool by a query, and counts the answers (Serf's
/// `KeyManager`).
struct KeyringManager {
    let pool: GossipNode

    func run(_ operation: KeyringOperation, relayFactor: Int) async -> KeyringReport {
        var report = KeyringReport()
        // The query's name and its payload.
        let name: String
        var key: [UInt8] = []
        do throws(ConsulError) {
            switch operation {
            case .list: name = "_serf_list-keys"
            case .install(let text): (name, key) = ("_serf_install-key", try Self.bytes(text))
            case .use(let text): (name, key) = ("_serf_use-key", try Self.bytes(text))
            case .remove(let text): (name, key) = ("_serf_remove-key", try Self.bytes(text))
            }
        } catch {
            report.error = error.message
            return report
        }
        report.nodeCount = pool.members.filter { $0.status == .alive }.count
        var request = QueryRequest(name: name, payload: KeyMessage.request(key))
        request.relayFactor = UInt8(relayFactor)
        do throws(SerfError) {
            await collect(try await pool.ask(request), into: &report)
        } catch {
            report.error = "\(error)"
        }
        return report
    }

    /// Counts until every live member has answered or the query's time is over.
    private func collect(
        _ answers: AsyncStream<QueryProgress>, into report: inout KeyringReport
    ) async {
        var answered = 0
        var failed = 0
        for await progress in answers {
            guard case .response(let member, let payload) = progress else { continue }
            answered += 1
            if let answer = KeyMessage.response(payload) {
                if !answer.result { failed += 1 }
                if !answer.message.isEmpty { report.messages[member] = answer.message }
                for key in answer.keys { report.keys[key, default: 0] += 1 }
                if !answer.primaryKey.isEmpty {
                    report.primaryKeys[answer.primaryKey, default: 0] += 1
                }
            } else {
                failed += 1
                report.messages[member] = "Invalid key query response type"
            }
            if answered >= report.nodeCount { break }
        }
        if failed > 0 {
            report.error = "\(failed)/\(report.nodeCount) nodes reported failure"
        } else if answered < report.nodeCount {
            report.error = "\(answered)/\(report.nodeCount) nodes reported success"
        }
    }

    private static func bytes(_ text: String) throws(ConsulError) -> [UInt8] {
        if let bytes = Base64.decode(text) { return bytes }
        // Go names the first invalid byte, or the start of an incomplete group.
        let isSymbol: (UInt8) -> Bool = { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
        let valid = text.utf8.prefix(while: isSymbol).count
        let offset = valid == text.utf8.count ? valid / 4 * 4 : valid
        throw ConsulError(.internal, "illegal base64 data at input byte \(offset)")
    }
}
