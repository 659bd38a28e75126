import ConsulModel
import Primitives

/// The templates of go-sockaddr: `{{ GetPrivateIP }}`, or a pipeline that begins with a list of
/// interface addresses, filters and orders it, and ends with an attribute:
/// `{{ GetAllInterfaces | include "name" "^eth" | sort "-address" | attr "address" }}`.
struct AddressTemplate {
    struct Problem: Error {
        let message: String
    }

    /// The value that a stage of a pipeline passes to the next.
    private enum Value {
        case addresses([InterfaceAddress])
        case text(String)
    }

    private let all: [InterfaceAddress]

    /// Returns the template with its calls replaced by their results. A call that finds no address
    /// gives an empty text, as in HashiCorp's agent.
    static func resolve(
        _ text: String, with addresses: [InterfaceAddress]
    ) -> Result<String, ReadProblem> {
        do throws(Problem) {
            return .success(try AddressTemplate(all: addresses).filled(text))
        } catch {
            return .failure(ReadProblem(error.message))
        }
    }

    private func filled(_ text: String) throws(Problem) -> String {
        var output = ""
        var rest = text[...]
        while let open = Self.firstRange(of: "{{", in: rest) {
            output += rest[..<open.lowerBound]
            guard let close = Self.firstRange(of: "}}", in: rest[open.upperBound...]) else {
                throw Problem(message: "\(quoted(text)) has {{ without }}")
            }
            var call = rest[open.upperBound..<close.lowerBound]
            rest = rest[close.upperBound...]
            // `{{-` and `-}}` remove the adjacent white space.
            if call.hasPrefix("- ") {
                call = call.dropFirst()
                while output.last?.isWhitespace == true { output.removeLast() }
            }
            if call.hasSuffix(" -") {
                call = call.dropLast()
                rest = rest.drop { $0.isWhitespace }
            }
            output += try value(of: String(call))
        }
        return output + rest
    }

    // MARK: Pipelines

    private func value(of call: String) throws(Problem) -> String {
        var words = try AddressWords.split(call)
        if words.first == .open, words.last == .close {
            words = Array(words.dropFirst().dropLast())
        }
        let stages = words.split(separator: .pipe, omittingEmptySubsequences: false)
        guard let first = stages.first else {
            throw Problem(message: "the template {{\(call)}} is empty: name a function")
        }
        var value = try source(first, call)
        for stage in stages.dropFirst() {
            guard case .addresses(let found) = value else {
                throw Problem(
                    message: "the template {{\(call)}} goes on after its result: let attr or join "
                        + "be its last function")
            }
            value = try self.stage(stage, of: found, call)
        }
        guard case .text(let text) = value else {
            throw Problem(
                message: "the template {{\(call)}} gives interfaces: end it with "
                    + "| attr \"address\"")
        }
        return text
    }

    private func source(_ words: ArraySlice<AddressWords.Word>, _ call: String) throws(Problem)
        -> Value
    {
        let arguments = words.dropFirst().compactMap { $0.argument }
        switch (words.first ?? .name(""), arguments.count) {
        case (.text(let text), 0): return .text(text)
        case (.name("GetAllInterfaces"), 0): return .addresses(all)
        case (.name("GetDefaultInterfaces"), 0):
            let found = all.filter { $0.isDefault }
            if found.isEmpty {
                throw Problem(
                    message: "the template {{\(call)}} finds no interface with a default route")
            }
            return .addresses(found)
        case (.name("GetPrivateInterfaces"), 0): return .addresses(privateOnes)
        case (.name("GetPublicInterfaces"), 0): return .addresses(publicOnes)
        case (.name("GetPrivateIP"), 0): return .text(privateOnes.first?.text ?? "")
        case (.name("GetPublicIP"), 0): return .text(publicOnes.first?.text ?? "")
        case (.name("GetPrivateIPs"), 0):
            return .text(Self.joined(Self.bySize(forwardable.filter { $0.isPrivate })))
        case (.name("GetPublicIPs"), 0):
            return .text(Self.joined(Self.bySize(forwardable.filter { !$0.isPrivate })))
        case (.name("GetInterfaceIP"), 1):
            let found = try named(arguments[0]).filter { $0.isForwardable }
            return .text(Self.bySize(found).first?.text ?? "")
        case (.name("GetInterfaceIPs"), 1):
            return .text(Self.joined(Self.bySize(try named(arguments[0]))))
        case (.name(let name), _):
            throw Self.unknown(name, call, Self.sources)
        default:
            throw Problem(message: "the template {{\(call)}} does not begin with a function")
        }
    }

    private static let sources = [
        "GetAllInterfaces", "GetDefaultInterfaces", "GetInterfaceIP", "GetInterfaceIPs",
        "GetPrivateIP", "GetPrivateIPs", "GetPrivateInterfaces", "GetPublicIP", "GetPublicIPs",
        "GetPublicInterfaces",
    ]
    private static let stages = [
        "attr", "exclude", "include", "join", "limit", "offset", "sort", "unique",
    ]

    private static func unknown(_ name: String, _ call: String, _ known: [String]) -> Problem {
        if known.contains(name) {
            return Problem(
                message: "\(name) in the template {{\(call)}} has the wrong number of arguments")
        }
        return Problem(
            message: "function \(quoted(name)) of the template {{\(call)}} is not supported (there "
                + "are \(known.joined(separator: ", ")))")
    }

    private func stage(
        _ words: ArraySlice<AddressWords.Word>, of found: [InterfaceAddress], _ call: String
    ) throws(Problem) -> Value {
        guard case .name(let name) = words.first ?? .name("") else {
            throw Self.unknown("", call, Self.stages)
        }
        let arguments = words.dropFirst().compactMap { $0.argument }
        switch (name, arguments.count) {
        case ("include", 2), ("exclude", 2):
            let matches = try AddressFilter.make(arguments[0], arguments[1])
            return .addresses(found.filter { matches($0) == (name == "include") })
        case ("sort", 1): return .addresses(try AddressOrder.sorted(found, by: arguments[0]))
        case ("limit", 1), ("offset", 1):
            guard let count = Int(arguments[0]), count >= 0 else {
                throw Problem(message: "\(name) wants a number, found \(quoted(arguments[0]))")
            }
            return .addresses(
                Array(name == "limit" ? found.prefix(count) : found.dropFirst(count)))
        case ("unique", 1):
            var taken: Set<String> = []
            let keys = try found.map { (one) throws(Problem) in try one.attribute(arguments[0]) }
            return .addresses(zip(found, keys).filter { taken.insert($1).inserted }.map { $0.0 })
        case ("attr", 1):
            guard let first = found.first else {
                return .text(try Self.none(arguments[0]))
            }
            return .text(try first.attribute(arguments[0]))
        case ("join", 2):
            let values = try found.map { (one) throws(Problem) in try one.attribute(arguments[0]) }
            return .text(values.joined(separator: arguments[1]))
        default: throw Self.unknown(name, call, Self.stages)
        }
    }

    /// Returns nothing for a name of an attribute that exists.
    private static func none(_ attribute: String) throws(Problem) -> String {
        if !InterfaceAddress.attributes.contains(attribute) {
            throw InterfaceAddress.noAttribute(attribute)
        }
        return ""
    }

    // MARK: Lists

    private var forwardable: [InterfaceAddress] { all.filter { $0.isForwardable } }
    private var usable: [InterfaceAddress] { forwardable.filter { $0.isUp } }

    private var privateOnes: [InterfaceAddress] {
        AddressOrder.defaultFirst(usable.filter { $0.isPrivate })
    }

    private var publicOnes: [InterfaceAddress] {
        AddressOrder.defaultFirst(usable.filter { !$0.isPrivate })
    }

    private func named(_ pattern: String) throws(Problem) -> [InterfaceAddress] {
        let matches = try AddressFilter.make("name", pattern)
        return all.filter { matches($0) }
    }

    private static func bySize(_ found: [InterfaceAddress]) -> [InterfaceAddress] {
        AddressOrder.ordered(found) {
            $0.typeRank != $1.typeRank
                ? $0.typeRank < $1.typeRank : $0.prefixLength < $1.prefixLength
        }
    }

    private static func joined(_ found: [InterfaceAddress]) -> String {
        found.map { $0.text }.joined(separator: " ")
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
