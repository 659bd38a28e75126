internal import Memberlist
internal import Primitives
internal import Wire

extension SerfState {
    /// Makes a change of the keyring, after those that wait.
    mutating func changeKeyring(
        _ operation: InternalQuery, _ id: QueryID, payload: [UInt8], now: Instant
    ) {
        let request: KeyRequestRecord
        do {
            request = try SerfMessageType.decode(.keyRequest, from: payload)
        } catch {
            return refuseKeys(id, "Failed to decode key request: \(error)", now: now)
        }
        guard !keys.keyring.isEmpty else {
            return refuseKeys(
                id, "No keyring to modify (encryption not enabled)", now: now)
        }
        let name = operation.rawValue.dropFirst(InternalQuery.prefix.count)
        note(.info, "serf.keys", "Received \(name) query")
        let change = KeyringChanges.Change(
            operation: operation, key: request.key.array, query: id)
        guard keys.append(change) else {
            return refuseKeys(id, "Too many changes of the keyring are open", now: now)
        }
        startKeyringChange(now: now)
    }

    /// Starts the next change. A change that leaves the keyring as it is needs no write.
    private mutating func startKeyringChange(now: Instant) {
        while let change = keys.next() {
            var changed = keys.keyring
            do throws(KeyringFault) {
                switch change.operation {
                case .installKey: try changed.install(change.key)
                case .useKey: try changed.use(change.key)
                case .removeKey: try changed.remove(change.key)
                case .ping, .conflict, .listKeys: break
                }
            } catch {
                refuseKeys(change.query, error.description, now: now)
                continue
            }
            if changed == keys.keyring {
                confirmKeys(change.query, now: now)
            } else {
                let ticket = keys.begin(changed, for: change.query)
                directives.append(.saveKeyring(changed, ticket))
            }
        }
    }

    /// Ends a change: answers its query, and starts the next change.
    mutating func keyringSaved(_ ticket: SerfTicket, failure: String?, now: Instant) {
        guard let query = keys.end(ticket, succeeded: failure == nil) else { return }
        if let failure {
            refuseKeys(query, "Failed to write keyring file: \(failure)", now: now)
        } else {
            confirmKeys(query, now: now)
        }
        startKeyringChange(now: now)
    }

    private mutating func refuseKeys(_ id: QueryID, _ reason: String, now: Instant) {
        note(.error, "serf.keys", reason)
        var response = KeyResponseRecord()
        response.message = reason
        answerOrNote(
            id, payload: SerfMessageType.keyResponse.encode(response), about: "key", now: now)
    }

    private mutating func confirmKeys(_ id: QueryID, now: Instant) {
        var response = KeyResponseRecord()
        response.result = true
        answerOrNote(
            id, payload: SerfMessageType.keyResponse.encode(response), about: "key", now: now)
    }

    // MARK: Lists

    /// Answers with the installed keys: all of them, or as many as fit into a response.
    mutating func listKeys(_ id: QueryID, now: Instant) {
        guard !keys.keyring.isEmpty else {
            return refuseKeys(id, "Keyring is empty (encryption not enabled)", now: now)
        }
        note(.info, "serf.keys", "Received list-keys query")
        let all = keys.keyring.keys.map { Base64.encode($0) }
        var response = KeyResponseRecord()
        response.result = true
        response.primaryKey = keys.keyring.primary.map { Base64.encode($0) } ?? ""
        var count = min(all.count, options.queryResponseBytesMax / Limits.encodedKeyBytesMin)
        while count >= 0 {
            response.keys = Array(all.prefix(count))
            if count < all.count {
                response.message =
                    "truncated key list response, showing first \(count) of \(all.count) keys"
            }
            let payload = SerfMessageType.keyResponse.encode(response)
            let message = SerfMessageType.queryResponse.encode(
                QueryResponseRecord(to: id, from: name, payload: payload))
            if message.count <= options.queryResponseBytesMax {
                if count < all.count { note(.warning, "serf.keys", response.message) }
                return answerOrNote(id, payload: payload, about: "key", now: now)
            }
            count -= 1
        }
        note(.error, "serf.keys", "Failed to truncate response so that it fits into message")
    }
}
