/// Compiles RE2's syntax to steps. Rejects named classes of Unicode (`\pL`).
struct FilterPatternParser {
    struct Fault: Error { let reason: String }

    private struct Flags {
        var ignoresCase = false
        var isMultiline = false
        var dotIsAll = false
    }

    private typealias Steps = [FilterPattern.Step]

    private let text: [Unicode.Scalar]
    private let bytes: Int
    private var at = 0
    private var flags = Flags()
    private var depth = 0

    init(_ pattern: String) {
        text = Array(pattern.unicodeScalars)
        bytes = pattern.utf8.count
    }

    mutating func parse() throws(Fault) -> [FilterPattern.Step] {
        if bytes > FilterLimits.patternBytesMax {
            throw Fault(reason: "longer than \(FilterLimits.patternBytesMax) bytes")
        }
        let steps = try parseAlternatives()
        if at < text.count { throw Fault(reason: "unexpected ): `\(rest(from: 0))`") }
        return steps + [.accept]
    }

    // MARK: Structure. Targets of jumps are relative to the first step until the parts are joined.

    private mutating func parseAlternatives() throws(Fault) -> Steps {
        var result = try parseSequence()
        while take("|") {
            let other = try parseSequence()
            result =
                [.fork(1, result.count + 2)] + Self.moved(result, by: 1)
                + [.jump(result.count + 2 + other.count)]
                + Self.moved(other, by: result.count + 2)
            try bound(result)
        }
        return result
    }

    private mutating func parseSequence() throws(Fault) -> Steps {
        var result: Steps = []
        while let next = peek, next != "|", next != ")" {
            let atom = try parseAtom()
            result += Self.moved(try parseRepetition(of: atom), by: result.count)
            try bound(result)
        }
        return result
    }

    private mutating func parseRepetition(of atom: Steps) throws(Fault) -> Steps {
        let start = at
        guard let (low, high) = try takeCount() else { return atom }
        // Lazy repetition does not change whether a text matches.
        _ = take("?")
        let second = at
        if try takeCount() != nil {
            at = second
            throw Fault(
                reason: "invalid nested repetition operator: `\(rest(from: start))`")
        }
        var result: Steps = []
        for _ in 0..<low {
            result += Self.moved(atom, by: result.count)
            try bound(result)
        }
        guard let high else {
            let loop: Steps =
                [.fork(1, atom.count + 2)] + Self.moved(atom, by: 1) + [.jump(0)]
            return result + Self.moved(loop, by: result.count)
        }
        for _ in low..<max(low, high) {
            let maybe: Steps = [.fork(1, atom.count + 1)] + Self.moved(atom, by: 1)
            result += Self.moved(maybe, by: result.count)
            try bound(result)
        }
        return result
    }

    /// Parses `*`, `+`, `?` or `{n,m}`; any other brace is literal.
    private mutating func takeCount() throws(Fault) -> (low: Int, high: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        let start = at
        guard take("{"), let low = takeNumber() else {
            at = start
            return nil
        }
        var high: Int? = low
        if take(",") { high = peek == "}" ? nil : takeNumber() ?? -1 }
        guard take("}"), high != -1 else {
            at = start
            return nil
        }
        if low > 1000 || (high ?? 0) > 1000 || (high ?? low) < low {
            throw Fault(
                reason: "invalid repeat count: `\(Self.string(text[start..<at]))`")
        }
        return (low, high)
    }

    private mutating func takeNumber() -> Int? {
        var number: Int?
        while let digit = peek?.value, digit >= 0x30, digit <= 0x39 {
            number = min((number ?? 0) * 10 + Int(digit - 0x30), 1_000_000)
            at += 1
        }
        return number
    }

    // MARK: Atoms

    private mutating func parseAtom() throws(Fault) -> Steps {
        let start = at
        guard let scalar = next() else { return [] }
        switch scalar {
        case "(": return try parseGroup(start)
        case "[": return [.set(try parseClass(start))]
        case ".": return [.set(flags.dotIsAll ? .all : .notNewline)]
        case "^": return [.check(flags.isMultiline ? .lineStart : .textStart)]
        case "$": return [.check(flags.isMultiline ? .lineEnd : .textEnd)]
        case "*", "+", "?":
            throw Fault(reason: "missing argument to repetition operator: `\(scalar)`")
        case "\\": return try parseEscape(start)
        default: return [literal(scalar)]
        }
    }

    private func literal(_ scalar: Unicode.Scalar) -> FilterPattern.Step {
        .set(
            FilterPatternSet(
                ranges: [scalar.value...scalar.value], ignoresCase: flags.ignoresCase))
    }

    private mutating func parseGroup(_ start: Int) throws(Fault) -> Steps {
        depth += 1
        defer { depth -= 1 }
        if depth > FilterLimits.depthMax { throw Fault(reason: "expression nests too deeply") }
        let outer = flags
        if take("?"), try parseGroupHead(start) { return [] }
        let steps = try parseAlternatives()
        guard take(")") else { throw Fault(reason: "missing closing ): `\(rest(from: 0))`") }
        flags = outer
        return steps
    }

    /// - Returns: true when the group only sets flags, up to the end of the enclosing one.
    private mutating func parseGroupHead(_ start: Int) throws(Fault) -> Bool {
        if take("P") || peek == "<" {
            guard take("<"), let end = text[at...].firstIndex(of: ">"), end > at else {
                throw Fault(reason: "invalid named capture: `\(rest(from: start))`")
            }
            at = end + 1
            return false
        }
        var isOn = true
        while let scalar = next() {
            switch scalar {
            case ":": return false
            case ")": return true
            case "-": isOn = false
            case "i": flags.ignoresCase = isOn
            case "m": flags.isMultiline = isOn
            case "s": flags.dotIsAll = isOn
            case "U": break
            default:
                throw Fault(
                    reason: "invalid or unsupported Perl syntax: "
                        + "`\(Self.string(text[start..<at]))`")
            }
        }
        throw Fault(reason: "missing closing ): `\(rest(from: 0))`")
    }

    private mutating func parseEscape(_ start: Int) throws(Fault) -> Steps {
        switch peek {
        case "b": return check(.wordEdge)
        case "B": return check(.notWordEdge)
        case "A": return check(.textStart)
        case "z": return check(.textEnd)
        case "Q":
            at += 1
            return takeQuoted()
        default: break
        }
        if let set = takeNamedSet() { return [.set(set)] }
        return [literal(try takeEscapedScalar(start))]
    }

    private mutating func check(_ check: FilterPattern.Check) -> Steps {
        at += 1
        return [.check(check)]
    }

    private mutating func takeQuoted() -> Steps {
        var steps: Steps = []
        while let scalar = next() {
            if scalar == "\\", peek == "E" {
                at += 1
                break
            }
            steps.append(literal(scalar))
        }
        return steps
    }

    private mutating func takeNamedSet() -> FilterPatternSet? {
        var set: FilterPatternSet
        switch peek {
        case "d", "D": set = .digit
        case "w", "W": set = .word
        case "s", "S": set = .space
        default: return nil
        }
        set.isNegated = peek == "D" || peek == "W" || peek == "S"
        at += 1
        return set
    }

    private mutating func takeEscapedScalar(_ start: Int) throws(Fault) -> Unicode.Scalar {
        guard let scalar = next() else {
            throw Fault(reason: "trailing backslash at end of expression: ``")
        }
        switch scalar {
        case "a": return "\u{07}"
        case "f": return "\u{0C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{0B}"
        case "x": if let value = takeHex() { return value }
        default:
            let isWord = FilterPatternSet.word.contains(scalar)
            if scalar.isASCII, !isWord || scalar == "_" { return scalar }
        }
        throw Fault(
            reason: "invalid escape sequence: `\(Self.string(text[start..<at]))`")
    }

    private mutating func takeHex() -> Unicode.Scalar? {
        var digits = ""
        if take("{") {
            while let scalar = next(), scalar != "}" { digits.unicodeScalars.append(scalar) }
        } else {
            while digits.utf8.count < 2, let scalar = next() {
                digits.unicodeScalars.append(scalar)
            }
            if digits.utf8.count < 2 { return nil }
        }
        guard !digits.utf8.contains(0x2B), let value = UInt32(digits, radix: 16) else { return nil }
        return Unicode.Scalar(value)
    }

    // MARK: Classes

    private mutating func parseClass(_ start: Int) throws(Fault) -> FilterPatternSet {
        var set = FilterPatternSet(ignoresCase: flags.ignoresCase)
        set.isNegated = take("^")
        var isFirst = true
        while true {
            let place = at
            guard let scalar = next() else {
                throw Fault(reason: "missing closing ]: `\(rest(from: start))`")
            }
            if scalar == "]", !isFirst { return set }
            isFirst = false
            if scalar == "[", peek == ":", let named = try takePOSIXSet(place) {
                set.ranges += named.plainRanges
                continue
            }
            if scalar == "\\", let named = takeNamedSet() {
                set.ranges += named.plainRanges
                continue
            }
            let low = scalar == "\\" ? try takeEscapedScalar(place) : scalar
            var high = low
            if peek == "-", at + 1 < text.count, text[at + 1] != "]" {
                at += 1
                let second = at
                guard let scalar = next() else { continue }
                high = scalar == "\\" ? try takeEscapedScalar(second) : scalar
                if high < low {
                    throw Fault(
                        reason: "invalid character class range: "
                            + "`\(Self.string(text[place..<at]))`")
                }
            }
            set.ranges.append(low.value...high.value)
        }
    }

    private mutating func takePOSIXSet(_ start: Int) throws(Fault) -> FilterPatternSet? {
        guard let end = text[at...].firstIndex(of: "]"), end > at + 1, text[end - 1] == ":" else {
            return nil
        }
        var name = Self.string(text[(at + 1)..<(end - 1)])
        at = end + 1
        let isNegated = name.first == "^"
        if isNegated { name.removeFirst() }
        let ranges: [ClosedRange<UInt32>]
        switch name {
        case "alnum": ranges = [0x30...0x39, 0x41...0x5A, 0x61...0x7A]
        case "alpha": ranges = [0x41...0x5A, 0x61...0x7A]
        case "ascii": ranges = [0...0x7F]
        case "blank": ranges = [0x09...0x09, 0x20...0x20]
        case "cntrl": ranges = [0...0x1F, 0x7F...0x7F]
        case "digit": ranges = [0x30...0x39]
        case "graph": ranges = [0x21...0x7E]
        case "lower": ranges = [0x61...0x7A]
        case "print": ranges = [0x20...0x7E]
        case "punct": ranges = [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E]
        case "space": ranges = [0x09...0x0D, 0x20...0x20]
        case "upper": ranges = [0x41...0x5A]
        case "word": ranges = FilterPatternSet.word.ranges
        case "xdigit": ranges = [0x30...0x39, 0x41...0x46, 0x61...0x66]
        default:
            throw Fault(
                reason: "invalid character class range: `\(Self.string(text[start..<at]))`")
        }
        return FilterPatternSet(ranges: ranges, isNegated: isNegated)
    }

    // MARK: Scalars and steps

    private var peek: Unicode.Scalar? { at < text.count ? text[at] : nil }

    private mutating func next() -> Unicode.Scalar? {
        guard at < text.count else { return nil }
        defer { at += 1 }
        return text[at]
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        at += 1
        return true
    }

    private func rest(from start: Int) -> String { Self.string(text[start...]) }

    private static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        scalars.reduce(into: "") { $0.unicodeScalars.append($1) }
    }

    private func bound(_ steps: Steps) throws(Fault) {
        if steps.count > FilterLimits.patternStepsMax {
            throw Fault(reason: "expression is too large")
        }
    }

    private static func moved(_ steps: Steps, by offset: Int) -> Steps {
        steps.map { step in
            switch step {
            case .fork(let one, let other): .fork(one + offset, other + offset)
            case .jump(let target): .jump(target + offset)
            case .set, .check, .accept: step
            }
        }
    }
}
