import ConsulModel

/// Checks records of the DNS domain: each by `DefinitionRules`, conflicts between them here.
extension Validation {
    mutating func checkRecords() {
        var places: [String: SourcePlace] = [:]
        var types: [String: (type: String, place: SourcePlace)] = [:]
        for index in config.dnsRecords.indices {
            let record = config.dnsRecords[index]
            let definition = record.definition
            heldHere = record.held
            defer { config.dnsRecords[index].held = heldHere }
            for problem in rules.dnsRecordProblems(definition, config.dns.domain) {
                refuse(record, problem.path, problem.message, .holds)
            }
            guard !definition.name.isEmpty, !definition.type.isEmpty else { continue }
            let place = record.location(of: "name").place
            if let first = places[definition.identity] {
                refuse(
                    record, "name",
                    "\(quoted(definition.name)) has \(definition.type) records already (at "
                        + "\(first)): list all of their values there", .holds)
                continue
            }
            places[definition.identity] = place
            let type = definition.type.uppercased()
            let name = definition.name.lowercased()
            if let other = types[name], other.type == "CNAME" || type == "CNAME" {
                refuse(
                    record, "type",
                    "a name with a CNAME has no other records: \(quoted(definition.name)) has "
                        + "\(other.type) (at \(other.place))", .holds)
            } else {
                types[name] = (type, place)
            }
        }
    }
}
