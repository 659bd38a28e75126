import Primitives

/// The templates of go-sockaddr that fragments really use: the calls that give addresses, and the
/// pipelines that choose among interfaces by network. All others are refused by name.
enum AddressTemplate {
    static func resolve(
        _ text: String, with addresses: (AddressQuery) -> [String]
    ) -> Result<String, ReadProblem> {
        var output = ""
        var rest = text[...]
        while let open = firstRange(of: "{{", in: rest) {
            output += rest[..<open.lowerBound]
            guard let close = firstRange(of: "}}", in: rest[open.upperBound...]) else {
                return .failure(ReadProblem("\(quoted(text)) has {{ without }}"))
            }
            let call = String(rest[open.upperBound..<close.lowerBound])
            switch value(of: call, with: addresses) {
            case .success(let value): output += value
            case .failure(let problem): return .failure(problem)
            }
            rest = rest[close.upperBound...]
        }
        return .success(output + rest)
    }

    private static func value(
        of call: String, with addresses: (AddressQuery) -> [String]
    ) -> Result<String, ReadProblem> {
        if call.contains("|") { return pipeline(call, with: addresses) }
        let words = words(of: call)
        let query: AddressQuery
        var wantsAll = false
        switch (words.first ?? "", words.count) {
        case ("GetPrivateIP", 1): query = .privateAddresses
        case ("GetPublicIP", 1): query = .publicAddresses
        case ("GetPrivateIPs", 1): (query, wantsAll) = (.privateAddresses, true)
        case ("GetPublicIPs", 1): (query, wantsAll) = (.publicAddresses, true)
        case ("GetInterfaceIP", 2): query = .interface(unquoted(words[1]))
        case ("GetInterfaceIPs", 2): (query, wantsAll) = (.interface(unquoted(words[1])), true)
        default:
            return .failure(notUnderstood(call))
        }
        let found = addresses(query)
        guard let first = found.first else { return .failure(nothingFound(call)) }
        return .success(wantsAll ? found.joined(separator: " ") : first)
    }

    /// `GetPrivateInterfaces | include "network" "10.0.0.0/8" | attr "address"`.
    private static func pipeline(
        _ call: String, with addresses: (AddressQuery) -> [String]
    ) -> Result<String, ReadProblem> {
        let stages = call.split(separator: "|").map { words(of: String($0)) }
        var found: [String]
        switch stages.first ?? [] {
        case ["GetAllInterfaces"]: found = addresses(.all)
        case ["GetPrivateInterfaces"]: found = addresses(.privateAddresses)
        case ["GetPublicInterfaces"]: found = addresses(.publicAddresses)
        default: return .failure(notUnderstood(call))
        }
        for (index, stage) in stages.enumerated().dropFirst() {
            let isLast = index == stages.count - 1
            let words = stage.map { unquoted($0) }
            let verb = words.prefix(2).joined(separator: " ")
            let argument = words.count == 3 ? words[2] : ""
            switch verb {
            case "include network", "exclude network":
                guard let block = CIDRBlock(argument) else { return .failure(notUnderstood(call)) }
                let wanted = verb == "include network"
                found.removeAll { IPAddress($0).map { block.contains($0) } != wanted }
            case "include type" where argument == "ipv4" || argument == "ipv6":
                found.removeAll { IPAddress($0)?.isIPv6 != (argument == "ipv6") }
            case "attr address" where isLast && words.count == 2:
                return found.first.map { .success($0) } ?? .failure(nothingFound(call))
            case "join address" where isLast && words.count == 3:
                return found.isEmpty
                    ? .failure(nothingFound(call)) : .success(found.joined(separator: argument))
            default: return .failure(notUnderstood(call))
            }
        }
        return .failure(notUnderstood(call))
    }

    private static func notUnderstood(_ call: String) -> ReadProblem {
        ReadProblem(
            "the template {{\(call)}} is not understood: write GetPrivateIP, GetPublicIP or "
                + "GetInterfaceIP \"eth0\" (or their plurals), or the address itself")
    }

    private static func nothingFound(_ call: String) -> ReadProblem {
        ReadProblem("the template {{\(call)}} finds no address on this machine")
    }

    /// The words of a call; a quoted one may hold spaces.
    private static func words(of call: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        for character in call {
            if character == "\"" { isQuoted.toggle() }
            if !isQuoted, character == " " || character == "\t" {
                if !word.isEmpty { words.append(word) }
                word = ""
            } else {
                word.append(character)
            }
        }
        return word.isEmpty ? words : words + [word]
    }

    private static func unquoted(_ word: String) -> String {
        word.count > 1 && word.first == word.last && (word.first == "\"" || word.first == "'")
            ? String(word.dropFirst().dropLast()) : word
    }

    private static func firstRange(
        of pair: String, in text: Substring
    ) -> Range<Substring.Index>? {
        var index = text.startIndex
        while index < text.endIndex {
            let rest = text[index...]
            if rest.hasPrefix(pair) { return index..<text.index(index, offsetBy: pair.count) }
            index = text.index(after: index)
        }
        return nil
    }
}
