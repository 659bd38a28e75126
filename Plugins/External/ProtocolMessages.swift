import ConsulModel
import PluginAPI
import Primitives
import Wire

/// The agent's messages. Each is one line of JSON; the design page describes them all.
enum AgentMessage {
    /// The protocol's version. A program with another version is refused.
    static let version: Int64 = 1

    static func hello(agentVersion: String) -> [UInt8] {
        line(
            "hello",
            [
                "protocol": .integer(version), "agent": .string("consul"),
                "version": .string(agentVersion),
            ])
    }

    static func probe(_ request: ProbeRequest, id: Int64) -> [UInt8] {
        line(
            "probe", id: id,
            [
                "check": .string(request.kind), "check_id": .string(request.checkID),
                "node": .string(request.nodeName), "config": request.config,
                "timeout_ms": .integer(request.timeout.milliseconds),
                "output_max": .integer(Int64(request.outputMax)),
            ])
    }

    static func handle(_ request: HandleRequest, id: Int64) -> [UInt8] {
        var members: [String: JSONValue] = [
            "handler": .string(request.kind), "config": request.config,
            "timeout_ms": .integer(request.timeout.milliseconds),
            "index": .string(request.input.index),
            "environment": .object(request.input.environment.mapValues { .string($0) }),
        ]
        let payload = request.input.payload
        if let json = try? JSONReader.decode(JSONValue.self, from: payload) {
            members["payload"] = json
        }
        // Always present, byte for byte: only this form preserves large numbers and the order of
        // keys.
        members["payload_base64"] = .string(Base64.encode(payload))
        let whole = line("handle", id: id, members)
        if whole.count <= Limits.lineBytesMax { return whole }
        members["payload"] = nil
        return line("handle", id: id, members)
    }

    static func cancel(id: Int64) -> [UInt8] { line("cancel", id: id, [:]) }

    static let shutdown = line("shutdown", [:])

    /// Encodes a line. `type` and `id` come first and the rest in the order of the names, so that a
    /// program without a JSON parser can find them.
    private static func line(_ type: String, id: Int64? = nil, _ members: [String: JSONValue])
        -> [UInt8]
    {
        let head = "{\"type\":\"\(type)\"" + (id.map { ",\"id\":\($0)" } ?? "")
        let rest = JSONWriter.encode(JSONValue.object(members)).dropFirst()
        return Array(head.utf8) + (members.isEmpty ? [] : [UInt8(ascii: ",")]) + rest
    }
}

struct ProbeRequest: Sendable {
    var kind: String
    var checkID: String
    var nodeName: String
    var config: JSONValue
    var timeout: GoDuration
    var outputMax: Int
}

struct HandleRequest: Sendable {
    var kind: String
    var config: JSONValue
    var timeout: GoDuration
    var input: HandlerInput
}

/// A program's message.
enum ProgramMessage: Hashable, Sendable {
    case hello(Manifest)
    case result(id: Int64, CheckObservation)
    case outcome(id: Int64, HandlerOutcome)
    /// `id` is that of its request; 0 for none.
    case log(id: Int64, level: PluginLogLevel, String)

    /// Parses a line. Throws a sentence that names the fault.
    init(line: [UInt8]) throws(ProgramFault) {
        let document: JSONValue
        do {
            document = try JSONReader.decode(from: line)
        } catch {
            throw ProgramFault("not JSON: \(error)")
        }
        guard let type = document["type"]?.stringValue else {
            throw ProgramFault("not an object with a type")
        }
        switch type {
        case "hello": self = .hello(try Manifest(document))
        case "result":
            guard let status = document["status"]?.stringValue.flatMap(CheckStatus.init) else {
                throw ProgramFault("a result's status is passing, warning or critical")
            }
            self = .result(
                id: try Self.id(document),
                CheckObservation(status, Self.text(document, "output")))
        case "outcome":
            let code = document["code"]?.integerValue.map { Int($0) }
            var failure = Self.text(document, "error")
            if failure.isEmpty, let code, code != 0 { failure = "exit status \(code)" }
            self = .outcome(
                id: try Self.id(document),
                HandlerOutcome(
                    code: code, output: Self.text(document, "output"), failure: failure))
        case "log":
            let level = document["level"]?.stringValue ?? "info"
            self = .log(
                id: document["id"]?.integerValue ?? 0,
                level: PluginLogLevel(rawValue: level) ?? .info,
                Self.text(document, "message", max: Limits.logLineBytesMax))
        default: throw ProgramFault("there is no message of type \"\(type.prefix(40))\"")
        }
    }

    private static func id(_ document: JSONValue) throws(ProgramFault) -> Int64 {
        guard let id = document["id"]?.integerValue, id > 0 else {
            throw ProgramFault("the id is missing")
        }
        return id
    }

    private static func text(
        _ document: JSONValue, _ name: String, max: Int = Limits.outputBytesMax
    ) -> String {
        let text = document[name]?.stringValue ?? ""
        return text.utf8.count <= max
            ? text : String(decoding: text.utf8.prefix(max), as: UTF8.self)
    }
}

/// A sentence that describes a program's fault.
struct ProgramFault: Error, Hashable, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// The level of a program's line in the agent's log.
package enum PluginLogLevel: String, Sendable { case debug, info, warn, error }
