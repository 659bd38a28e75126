import Testing

@testable import DNSWire

@Suite struct DNSNameTests {
    @Test func textAndOctets() {
        #expect(
            name("web.service.consul.").bytes == hex("03776562 0773657276696365 06636f6e73756c 00"))
        #expect(name("web.service.consul") == name("web.service.consul."))
        #expect(DNSName(".") == .root && DNSName.root.description == ".")
        #expect(name("web.consul").description == "web.consul.")
    }

    @Test func escapes() {
        let odd = name(#"a\.b.\065\000\255.x\ y"#)
        #expect(odd.labels.map { Array($0) } == [hex("612e62"), hex("4100ff"), hex("782079")])
        #expect(odd.description == #"a\.b.A\000\255.x\032y."#)
        #expect(DNSName(odd.description) == odd)
        for wrong in [#"a\"#, #"\25"#, #"\256"#, #"\2x5"#] { #expect(DNSName(wrong) == nil) }
    }

    @Test func lengths() {
        let label = String(repeating: "a", count: 63)
        #expect(DNSName(label) != nil && DNSName(label + "a") == nil)
        let most = [label, label, label, String(repeating: "b", count: 61)].joined(separator: ".")
        #expect(name(most).bytes.count == 255)
        #expect(DNSName(most + "c") == nil)
        #expect(DNSName(labels: [label, label, label], under: name("consul")) != nil)
        #expect(DNSName(labels: [label, label, label, label], under: name("consul")) == nil)
        for wrong in ["", "..", "a..b", ".a"] { #expect(DNSName(wrong) == nil, "\(wrong)") }
        #expect(DNSName(labels: [""]) == nil)
    }

    @Test func caseIsKeptAndIgnored() {
        let mixed = name("WeB.Service.Consul")
        #expect(mixed != name("web.service.consul"))
        #expect(mixed.isSame(as: name("web.service.consul")))
        #expect(mixed.lowercased == name("web.service.consul"))
        #expect(!name("web").isSame(as: name("wec")) && !name("a.b").isSame(as: name("a")))
        // Octets that differ in that bit are the same only if they are letters.
        #expect(!name("a[").isSame(as: name("a{")))
    }

    @Test func suffixes() {
        let service = name("web.service.CONSUL")
        #expect(service.isUnder(name("consul")) && service.isUnder(.root))
        #expect(service.isUnder(service))
        #expect(service.offset(of: name("consul")) == 12)
        #expect(!service.isUnder(name("onsul")) && !name("webconsul").isUnder(name("consul")))
        // The octets at the end are the domain's, but a label's length is elsewhere.
        #expect(!name(#"x\006consul"#).isUnder(name("consul")))
        #expect(!name("consul").isUnder(name("web.consul")))
    }
}
