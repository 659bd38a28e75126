import DNSWire

/// Truncates answers to the size that their clients accept.
enum AnswerTrimming {
    static func answersMax(_ rules: DNSRules) -> Int {
        min(Limits.udpAnswersMax, max(rules.udpAnswerLimit, 0))
    }

    /// Truncates the answer, adds EDNS where the client uses it, and encodes it.
    static func write(_ reply: Reply, to query: DNSQuery, with writer: inout MessageWriter) {
        var message = reply.message
        let rules = query.zone.rules
        if let asked = query.message.edns {
            message.edns = options(asked, reply)
        }
        let compresses = !rules.disableCompression
        guard reply.isOfService else {
            writer.write(message, compressing: compresses)
            if writer.bytes.count > query.bytesMax {
                squeeze(&message, query.bytesMax, compresses, &writer)
            }
            return
        }
        let before = message.answers.count
        var index: [DNSName: ResourceRecord]?
        var measuresFull = rules.disableCompression
        let most =
            query.isTCP
            ? (query.question.type == .srv ? Limits.tcpServiceAnswersMax : Limits.tcpAnswersMax)
            : answersMax(rules)
        let isPlain = query.bytesMax == DNSWire.Limits.datagramBytesDefault
        if before > most, query.isTCP || isPlain {
            // A client that stores complete answers must be able to hold this one.
            measuresFull = measuresFull || !query.isTCP
            cut(&message, to: most, &index)
        }
        fit(&message, query.bytesMax, full: measuresFull, compresses, &index, &writer)
        if message.answers.count < before, rules.enableTruncate || message.answers.isEmpty {
            message.flags.insert(.truncated)
            writer.write(message, compressing: compresses)
        }
    }

    /// Keeps as many answers as fit, at least one: a single large one is sent in any case, as in
    /// Consul.
    private static func fit(
        _ message: inout DNSMessage, _ bytesMax: Int, full: Bool, _ compresses: Bool,
        _ index: inout [DNSName: ResourceRecord]?, _ writer: inout MessageWriter
    ) {
        func fits(_ message: DNSMessage, _ writer: inout MessageWriter) -> Bool {
            if full { return uncompressedLength(message) <= bytesMax }
            writer.write(message, compressing: compresses)
            return writer.bytes.count <= bytesMax
        }
        if fits(message, &writer) {
            if full { writer.write(message, compressing: compresses) }
            return
        }
        message.authorities = []
        var low = 1
        var high = message.answers.count
        let whole = message
        if index == nil { index = Self.index(whole.additionals) }
        while low < high {
            let middle = (low + high + 1) / 2
            message = whole
            cut(&message, to: middle, &index)
            if fits(message, &writer) { low = middle } else { high = middle - 1 }
        }
        message = whole
        cut(&message, to: low, &index)
        writer.write(message, compressing: compresses)
        if writer.bytes.count > bytesMax { squeeze(&message, bytesMax, compresses, &writer) }
    }

    /// Keeps the first `count` answers, and one additional record for each of their targets.
    private static func cut(
        _ message: inout DNSMessage, to count: Int, _ index: inout [DNSName: ResourceRecord]?
    ) {
        if message.answers.count > count {
            message.answers.removeLast(message.answers.count - count)
        }
        guard !message.additionals.isEmpty else { return }
        let known = index ?? Self.index(message.additionals)
        index = known
        var kept: [ResourceRecord] = []
        var seen: Set<DNSName> = []
        for answer in message.answers {
            guard case .srv(let srv) = answer.data else { continue }
            var target = srv.target.lowercased
            while seen.insert(target).inserted, let record = known[target] {
                kept.append(record)
                guard case .cname(let next) = record.data else { break }
                target = next.lowercased
            }
        }
        message.additionals = kept
    }

    private static func index(_ records: [ResourceRecord]) -> [DNSName: ResourceRecord] {
        Dictionary(records.map { ($0.name.lowercased, $0) }) { first, _ in first }
    }

    /// Removes optional records first, then answers, and sets the truncation flag.
    private static func squeeze(
        _ message: inout DNSMessage, _ bytesMax: Int, _ compresses: Bool,
        _ writer: inout MessageWriter
    ) {
        message.additionals = []
        writer.write(message, compressing: compresses)
        if writer.bytes.count <= bytesMax { return }
        message.authorities = []
        message.flags.insert(.truncated)
        while true {
            writer.write(message, compressing: compresses)
            if writer.bytes.count <= bytesMax || message.answers.isEmpty { return }
            let spare = max(1, message.answers.count / 8)
            message.answers.removeLast(spare)
        }
    }

    static func uncompressedLength(_ message: DNSMessage) -> Int {
        var length = DNSWire.Limits.headerBytes
        for question in message.questions { length += question.name.bytes.count + 4 }
        for section in [message.answers, message.authorities, message.additionals] {
            for record in section { length += record.uncompressedLength }
        }
        return length + (message.edns?.length ?? 0)
    }

    private static func options(_ asked: EDNS, _ reply: Reply) -> EDNS {
        var edns = EDNS(udpSize: asked.udpSize)
        if var subnet = asked.clientSubnet {
            let failed: [ResponseCode] = [.nameError, .serverFailure, .refused, .notImplemented]
            let isGlobal = reply.isGlobal || failed.contains(reply.message.code)
            subnet.scopePrefix = isGlobal ? 0 : subnet.sourcePrefix
            edns.options = [subnet.option]
        }
        return edns
    }
}
