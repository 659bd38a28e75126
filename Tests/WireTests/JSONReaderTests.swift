import Testing
import Wire

@Suite struct JSONReaderTests {
    private func failure(_ text: String) -> String? {
        do {
            _ = try JSONReader.decode(JSONValue.self, from: Array(text.utf8))
            return nil
        } catch { return "\(error)" }
    }

    @Test(arguments: [
        "{\"a\":[1,2,{\"b\":null}],\"c\":\"\\ud83d\\ude00\"}", " [ ] ", "-0.5e+3", "\"\\u0041\"",
        "{}", "0",
    ])
    func readsJSON(_ text: String) { #expect(failure(text) == nil) }

    @Test(arguments: [
        ("[1,]", "line 1, column 3: trailing comma: remove it"),
        ("{\n \"a\":1,\n}", "line 2, column 7: trailing comma: remove it"),
        ("{\"a\" 1}", "line 1, column 6: expected ':' after the key"),
        ("[1 2]", "line 1, column 4: expected ',' or ']', found '2'"),
        ("01", "line 1, column 1: a number must not begin with 0"),
        ("\"abc", "line 1, column 1: this string is never closed"),
        ("\"\\ud83d\"", "line 1, column 2: half of a surrogate pair"),
        ("\"a\nb\"", "line 1, column 3: a control character must be escaped inside a string"),
        ("{a:1}", "line 1, column 2: a key must be a quoted string"),
        ("tru", "line 1, column 1: unexpected word: only true, false and null exist"),
        ("1 1", "line 1, column 3: unexpected '1' after the end of the value"),
        ("", "line 1, column 1: unexpected end of JSON input"),
        ("// x", "line 1, column 1: unexpected '/' where a value should begin"),
    ])
    func namesTheLocationAndTheFault(_ text: String, _ message: String) {
        #expect(failure(text) == message)
    }

    @Test func boundsNesting() {
        let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        #expect(failure(deep) == "line 1, column 129: nested deeper than 128 levels")
    }

    @Test(arguments: ["\"\\u-000\"", "\"\\u+041\"", "\"\\u00 1\""])
    func escapesAreFourDigits(text: String) {
        #expect(throws: JSONError.self) {
            try JSONReader.decode(String.self, from: Array(text.utf8))
        }
    }

    @Test func refusesBytesThatAreNotUTF8() {
        #expect(throws: JSONError.self) {
            try JSONReader.decode(String.self, from: [0x22, 0xFF, 0x22])
        }
    }
}
