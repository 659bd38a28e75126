import ConsulModel
import PluginAPI
import Primitives
import Testing
import Wire

@testable import ExternalPlugins

struct ConfigSchemaTests {
    private func value(_ text: String) throws -> JSONValue {
        try JSONReader.decode(from: Array(text.utf8))
    }

    private func schema(_ text: String) throws -> ConfigSchema {
        try ConfigSchema(try value(text), at: "config")
    }

    private let disk = """
        {"required":["path"],"properties":{
          "path":{"type":"string","description":"where"},
          "percent":{"type":"number","default":80},
          "count":{"type":"integer"},
          "deep":{"type":"boolean"},
          "level":{"type":"string","enum":["low","high"],"default":"low"},
          "tags":{"type":"array","items":{"type":"string"}},
          "more":{"type":"object","required":["a"],"properties":{
            "a":{"type":"integer"},"b":{"type":"integer","default":2}}},
          "free":{"type":"object","additionalProperties":true}}}
        """

    @Test func everyFieldIsValidatedAtItsPath() throws {
        let wrong = try value(
            """
            {"percent":"80","count":1.5,"deep":"no","level":"mid","tags":["a",1],
             "more":{"b":null},"free":{"x":1},"pth":"/"}
            """)
        let problems = try schema(disk).problems(in: wrong, at: "config").map {
            "\($0.path): \($0.message)"
        }
        #expect(
            problems == [
                "config.path: is required",
                "config.count: expected an integer, found the number 1.5",
                "config.deep: expected a boolean, found the string \"no\"",
                "config.level: \"mid\" is not one of \"low\", \"high\"",
                "config.more.a: is required",
                "config.more.b: expected an integer, found null",
                "config.percent: expected a number, found the string \"80\"",
                "config.pth: unknown key (known are count, deep, free, level, more, path, "
                    + "percent, tags)",
                "config.tags[1]: expected a string, found the number 1",
            ])
    }

    @Test func validValuesPassAndAreFilled() throws {
        let right = try value(#"{"path":"/","percent":75.5,"more":{"a":1},"free":{"x":[1]}}"#)
        let judge = try schema(disk)
        #expect(judge.problems(in: right, at: "config").isEmpty)
        #expect(
            judge.filled(right)
                == (try value(
                    #"{"path":"/","percent":75.5,"level":"low","#
                        + #""more":{"a":1,"b":2},"free":{"x":[1]}}"#
                )))
    }

    @Test func emptySchemaAcceptsNoFields() throws {
        let judge = try schema("{}")
        #expect(judge.problems(in: .object([:]), at: "config").isEmpty)
        #expect(
            judge.problems(in: .object(["a": .null]), at: "config") == [
                DefinitionProblem("config.a", "unknown key")
            ])
    }

    @Test(arguments: [
        (#"[]"#, "config must be an object"),
        (#"{"minimum":1}"#, "config.minimum is not understood"),
        (
            #"{"type":"text"}"#,
            "config.type must be object, array, string, integer, number or boolean"
        ),
        (#"{"required":["a"]}"#, "config.required must list names of properties"),
        (#"{"properties":[]}"#, "config.properties must be an object"),
        (
            #"{"properties":{"a":{"type":"integer","default":"x"}}}"#,
            "config.properties.a.default expected an integer, found the string \"x\""
        ),
    ])
    func wrongSchemaIsRefused(_ text: String, _ reason: String) throws {
        #expect(throws: ProgramFault(reason)) { _ = try schema(text) }
    }

    @Test func depthIsBounded() throws {
        var text = "{}"
        for _ in 0..<9 { text = #"{"type":"array","items":\#(text)}"# }
        #expect(throws: ProgramFault.self) { _ = try schema(text) }
    }
}

struct ProtocolMessagesTests {
    private func read(_ text: String) throws -> ProgramMessage {
        try ProgramMessage(line: Array(text.utf8))
    }

    private func text(_ line: [UInt8]) -> String { String(decoding: line, as: UTF8.self) }

    @Test func agentsLinesBeginWithTypeAndID() {
        #expect(
            text(AgentMessage.hello(agentVersion: "1.0"))
                == #"{"type":"hello","agent":"consul","protocol":1,"version":"1.0"}"#)
        #expect(text(AgentMessage.cancel(id: 7)) == #"{"type":"cancel","id":7}"#)
        #expect(text(AgentMessage.shutdown) == #"{"type":"shutdown"}"#)
        let probe = ProbeRequest(
            kind: "disk", checkID: "c", nodeName: "n", config: .object(["path": .string("/")]),
            timeout: .seconds(10), outputMax: 4096)
        #expect(
            text(AgentMessage.probe(probe, id: 3))
                == #"{"type":"probe","id":3,"check":"disk","check_id":"c","#
                + #""config":{"path":"/"},"node":"n","output_max":4096,"timeout_ms":10000}"#)
    }

    @Test func payloadIsSentAsJSONAndAsBytes() {
        var request = HandleRequest(
            kind: "append", config: .object([:]), timeout: .seconds(1),
            input: .init(
                payload: Array("{\"a\": 1}\n".utf8), index: "42",
                environment: ["CONSUL_NODE": "n"]))
        #expect(
            text(AgentMessage.handle(request, id: 4))
                == #"{"type":"handle","id":4,"config":{},"environment":{"CONSUL_NODE":"n"},"#
                + #""handler":"append","index":"42","payload":{"a":1},"#
                + #""payload_base64":"eyJhIjogMX0K","timeout_ms":1000}"#)
        request.input.payload = [0xFF]
        #expect(!text(AgentMessage.handle(request, id: 4)).contains(#""payload":"#))
        // A payload that is too large in two forms is sent in one.
        request.input.payload =
            Array("\"".utf8) + [UInt8](repeating: 0x61, count: 600_000) + Array("\"".utf8)
        #expect(AgentMessage.handle(request, id: 4).count < Limits.lineBytesMax)
    }

    @Test func answersAreRead() throws {
        #expect(
            try read(#"{"type":"result","id":1,"status":"warning","output":"hm"}"#)
                == .result(id: 1, .init(.warning, "hm")))
        #expect(
            try read(#"{"type":"outcome","id":2,"code":0}"#)
                == .outcome(id: 2, .init(code: 0, output: "")))
        #expect(
            try read(#"{"type":"outcome","id":2,"code":3,"output":"o"}"#)
                == .outcome(id: 2, .init(code: 3, output: "o", failure: "exit status 3")))
        #expect(
            try read(#"{"type":"outcome","id":2,"error":"no"}"#)
                == .outcome(id: 2, .init(code: nil, output: "", failure: "no")))
        #expect(
            try read(#"{"type":"log","level":"warn","message":"m"}"#)
                == .log(id: 0, level: .warn, "m"))
    }

    @Test(arguments: [
        ("{}", "not an object with a type"), ("[]", "not an object with a type"),
        (#"{"type":"what"}"#, "there is no message of type \"what\""),
        (
            #"{"type":"result","id":1,"status":"fine"}"#,
            "a result's status is passing, warning or critical"
        ),
        (#"{"type":"result","status":"passing"}"#, "the id is missing"),
        (#"{"type":"outcome","id":-1}"#, "the id is missing"),
        (#"{"type":"hello"}"#, "its hello does not name its protocol"),
        (
            #"{"type":"hello","protocol":1,"name":"n","version":"1"}"#,
            "it provides no check type, no handler kind and no command"
        ),
        (
            #"{"type":"hello","protocol":1,"name":"a b","version":"1"}"#,
            "its name must be 1 to 64 printable ASCII characters without spaces"
        ),
        (
            #"{"type":"hello","protocol":1,"name":"n","version":"1","#
                + #""checks":[{"type":"a"},{"type":"a"}]}"#,
            "its checks name a twice"
        ),
        (
            #"{"type":"hello","protocol":1,"name":"n","version":"1","#
                + #""checks":[{"type":"a","config":{"x":1}}]}"#,
            "the schema of a is wrong: config.x is not understood"
        ),
    ])
    func wrongLinesAreNamed(_ line: String, _ reason: String) {
        #expect(throws: ProgramFault(reason)) { _ = try read(line) }
    }
}
