import Primitives
import Testing

@Suite struct CIDRBlockTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("::", "::"), ("::1", "::1"), ("1::", "1::"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
        ("::ffff:10.0.0.1", "::ffff:a00:1"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("fe80::1%eth0", "fe80::1%eth0"),
        ("1:2:3:4:5:6::", "1:2:3:4:5:6::"), ("::2:3:4:5:6:7", "::2:3:4:5:6:7"),
    ])
    func readsAndPrints(_ text: String, _ printed: String) {
        #expect(IPAddress(text)?.description == printed)
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4.5", ":", ":::", "1:2", "1::2::3",
        ":1::2",
        "1::2:", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8:9", "g::1", "12345::", "1.2.3.4%eth0",
        "fe80::1%", "::1.2.3", "1.2.3.4::", "+1::", "localhost", "1.2.3.-4", "::+1",
    ])
    func refuses(_ text: String) { #expect(IPAddress(text) == nil) }

    @Test func networks() throws {
        let ten = try #require(CIDRBlock("10.0.0.0/8"))
        let odd = try #require(CIDRBlock("192.168.4.0/22"))
        let six = try #require(CIDRBlock("fd00::/7"))
        let address = { (text: String) in try #require(IPAddress(text)) }
        #expect(try ten.contains(address("10.255.0.1")))
        #expect(try !ten.contains(address("11.0.0.1")))
        #expect(try odd.contains(address("192.168.7.255")))
        #expect(try !odd.contains(address("192.168.8.0")))
        #expect(try six.contains(address("fc00::1")) && !six.contains(address("10.0.0.1")))
        #expect(try CIDRBlock("0.0.0.0/0")?.contains(address("9.9.9.9")) == true)
        for text in ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::/129", "a/8", "/8"] {
            #expect(CIDRBlock(text) == nil)
        }
    }
}
