import Primitives
import Testing
import Wire

private struct Sample: Record {
    var name = ""
    var tags: [String] = []
    var meta: [String: String] = [:]
    var interval = GoDuration()
    var payload = Bytes()
    var session = ""
    var inner = Inner()
    var index = Index()
    init() {}

    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Name", &name)
        try visit.field("Tags", &tags, .nullWhenEmpty)
        try visit.field("Meta", &meta, .omitEmpty)
        try visit.field("CheckInterval", &interval, .omitEmpty)
        try visit.field("Payload", &payload, .nullWhenEmpty)
        try visit.field("Session", &session, .omitEmptyInAnswers)
        try visit.field("Inner", &inner)
        try visit.embed(&index)
    }
}

private struct Inner: Record {
    var port = 0
    init() {}
    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("Port", &port, .omitEmpty)
    }
}

private struct Index: Record {
    var modify: UInt64 = 0
    init() {}
    mutating func fields<V: FieldVisitor>(_ visit: inout V) throws {
        try visit.field("ModifyIndex", &modify)
    }
}

@Suite struct RecordTests {
    @Test func writesConsulsFormOfEmptyFields() {
        let text = String(decoding: JSONWriter.encode(Sample()), as: UTF8.self)
        #expect(
            text == #"{"Name":"","Tags":null,"Payload":null,"Inner":{},"ModifyIndex":0}"#)
    }

    @Test func readsEitherSpellingOfAKeyAndKeepsMapKeysVerbatim() throws {
        let json = """
            {"NAME":"<web>","tags":["a"],"check_interval":"90s","Meta":{"Some_Key":"v"},
             "unknown":[{"x":1}],"payload":"aGk=","inner":{"port":80},"modify_index":7}
            """
        let sample = try JSONReader.decode(Sample.self, from: Array(json.utf8))
        let text = String(decoding: JSONWriter.encode(sample, audience: .client), as: UTF8.self)
        #expect(
            text == #"{"Name":"\u003cweb\u003e","Tags":["a"],"Meta":{"Some_Key":"v"},"#
                + #""CheckInterval":"1m30s","Payload":"aGk=","Session":"","Inner":{"Port":80},"#
                + #""ModifyIndex":7}"#)
    }

    @Test func indentsAsGoDoes() {
        let value = JSONValue.object(["b": .array([]), "a": .array([.integer(1), .object([:])])])
        let text = String(decoding: JSONWriter.encode(value, pretty: true), as: UTF8.self)
        #expect(
            text == "{\n    \"a\": [\n        1,\n        {}\n    ],\n    \"b\": []\n}")
    }

    /// `rlimit` values may be as large as UInt64; a record that has them is redacted as a tree.
    @Test func largeNumbersSurviveAsTrees() throws {
        for number in [UInt64.max, UInt64(Int64.max) + 1, 7] {
            let text = "[\(number)]"
            let tree = try JSONReader.decode(JSONValue.self, from: Array(text.utf8))
            #expect(String(decoding: JSONWriter.encode(tree), as: UTF8.self) == text)
            #expect(Redaction.record(["limit": number]) == ["limit": number])
        }
    }
}
