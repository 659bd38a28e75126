import ConsulModel
import Testing

private func matches(_ pattern: String, _ text: String) throws -> Bool {
    var node = Node()
    node.node = text
    return try Filter("Node matches `\(pattern)`", for: Node.self).matches(node)
}

@Suite struct FilterPatternTests {
    @Test(arguments: [
        ("", "", true), ("a", "xax", true), ("^a", "xa", false), ("a$", "ax", false),
        ("^$", "", true), ("a|b|cd", "xcd", true), ("^(a|b)*$", "abba", true),
        ("^(a|b)*$", "abca", false), ("^a{2,3}$", "a", false), ("^a{2,3}$", "aaa", true),
        ("^a{2,3}$", "aaaa", false), ("^a{2}$", "aa", true), ("^a{2,}$", "aaaaa", true),
        ("^a{,2}$", "a{,2}", true), ("x{a", "x{a", true), ("a.c", "a\nc", false),
        ("(?s)a.c", "a\nc", true), ("(?m)^b$", "a\nb\nc", true), ("(?i)straße", "STRAßE", true),
        ("(?i:a)b", "Ab", true), ("(?i:a)b", "AB", false), ("[^a-c]", "abc", false),
        ("[]a]", "]", true), ("[a-]", "-", true), ("[[:digit:]x]", "7", true),
        ("[[:^digit:]]", "7", false), ("\\bfoo\\b", "a foo b", true), ("\\bfoo\\b", "afoo", false),
        ("\\d+\\.\\w\\S", "12.ab", true), ("[\\D]", "1", false), ("\\x{e9}", "é", true),
        ("\\Qa.b\\E", "a.b", true), ("\\Qa.b\\E", "axb", false), ("^.$", "é", true),
        ("(?P<n>a)(?:b)", "ab", true), ("a+?b*?", "a", true), ("(|a)b", "b", true),
        ("a**", "", false),
    ])
    func agreesWithRE2(_ pattern: String, _ text: String, _ expected: Bool) throws {
        if pattern == "a**" {
            #expect(throws: FilterError.self) { try matches(pattern, text) }
        } else {
            #expect(try matches(pattern, text) == expected)
        }
    }
}
