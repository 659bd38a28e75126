import ConsulModel

/// Checks records of the DNS domain: each by `DefinitionRules`, conflicts between them here.
extension Validation {
    mutating func checkRecords() {
        var places: [String: SourcePosition] = [:]
        var types: [String: (type: String, position: SourcePosition)] = [:]
        for index in config.dnsRecords.indices {
            let record = config.dnsRecords[index]
            let definition = record.definition
            toleratedHere = record.tolerated
            defer { config.dnsRecords[index].tolerated = toleratedHere }
            for problem in rules.dnsRecordProblems(definition, config.dns.domain) {
                refuse(record, problem.path, problem.message, .disables)
            }
            guard !definition.name.isEmpty, !definition.type.isEmpty else { continue }
            let position = record.location(of: "name").position
            if let first = places[definition.identity] {
                refuse(
                    record, "name",
                    "\(quoted(definition.name)) has \(definition.type) records already (at "
                        + "\(first)): list all of their values there", .disables)
                continue
            }
            places[definition.identity] = position
            let type = definition.type.uppercased()
            let name = definition.name.lowercased()
            if let other = types[name], other.type == "CNAME" || type == "CNAME" {
                refuse(
                    record, "type",
                    "a name with a CNAME has no other records: \(quoted(definition.name)) has "
                        + "\(other.type) (at \(other.position))", .disables)
            } else {
                types[name] = (type, position)
            }
        }
    }
}
