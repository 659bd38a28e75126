/// A regular expression in RE2's syntax, matched in time proportional to the text: all alternatives
/// advance together, one character at a time, so that no pattern can hang (Pike's machine).
struct FilterPattern: Sendable {
    enum Step: Sendable {
        case set(FilterPatternSet)
        /// Two branches of equal priority, because only the fact of a match counts.
        case fork(Int, Int)
        case jump(Int)
        case check(Check)
        case accept
    }

    /// A condition on the position between two characters.
    enum Check: Sendable {
        case textStart, textEnd, lineStart, lineEnd, wordEdge, notWordEdge
    }

    private let steps: [Step]

    init(steps: [Step]) { self.steps = steps }

    init(_ pattern: String) throws(FilterError) {
        var parser = FilterPatternParser(pattern)
        do {
            steps = try parser.parse()
        } catch {
            throw FilterError(
                reason: "Failed to compile regular expression "
                    + "\"\(pattern.replacing("\\", with: "\\\\"))\": "
                    + "error parsing regexp: \(error.reason)")
        }
    }

    /// Returns true when the pattern matches somewhere in `text`, and false for a text beyond the
    /// bound.
    func matches(_ text: String) -> Bool {
        if text.utf8.count > FilterLimits.subjectBytesMax { return false }
        var machine = Machine(steps: steps)
        return machine.run(text.unicodeScalars)
    }

    private struct Machine {
        let steps: [Step]
        /// The steps that wait for the next character.
        var now: [Int] = []
        var next: [Int] = []
        /// The round in which each step was entered last.
        var entered: [Int]
        var round = 0
        var isAccepted = false

        init(steps: [Step]) {
            self.steps = steps
            entered = [Int](repeating: -1, count: steps.count)
        }

        mutating func run(_ text: String.UnicodeScalarView) -> Bool {
            var before: Unicode.Scalar?
            var rest = text[...]
            while true {
                let after = rest.popFirst()
                // A match may begin at every position.
                enter(0, before, after)
                if isAccepted { return true }
                guard let after else { return false }
                round += 1
                let following = rest.first
                for step in now {
                    guard case .set(let set) = steps[step], set.contains(after) else { continue }
                    enterNext(step + 1, after, following)
                }
                if isAccepted { return true }
                swap(&now, &next)
                next.removeAll(keepingCapacity: true)
                before = after
            }
        }

        private mutating func enter(
            _ step: Int, _ before: Unicode.Scalar?, _ after: Unicode.Scalar?
        ) {
            follow(step, before, after) { $0.now.append($1) }
        }

        private mutating func enterNext(
            _ step: Int, _ before: Unicode.Scalar?, _ after: Unicode.Scalar?
        ) {
            follow(step, before, after) { $0.next.append($1) }
        }

        /// Follows the steps that consume no character, without recursion.
        private mutating func follow(
            _ first: Int, _ before: Unicode.Scalar?, _ after: Unicode.Scalar?,
            _ wait: (inout Machine, Int) -> Void
        ) {
            var open = [first]
            while let step = open.popLast() {
                if entered[step] == round { continue }
                entered[step] = round
                switch steps[step] {
                case .set: wait(&self, step)
                case .jump(let target): open.append(target)
                case .fork(let one, let other):
                    open.append(other)
                    open.append(one)
                case .check(let check):
                    if check.holds(before, after) { open.append(step + 1) }
                case .accept: isAccepted = true
                }
            }
        }
    }
}

extension FilterPattern.Check {
    func holds(_ before: Unicode.Scalar?, _ after: Unicode.Scalar?) -> Bool {
        switch self {
        case .textStart: before == nil
        case .textEnd: after == nil
        case .lineStart: before == nil || before == "\n"
        case .lineEnd: after == nil || after == "\n"
        case .wordEdge: Self.isWord(before) != Self.isWord(after)
        case .notWordEdge: Self.isWord(before) == Self.isWord(after)
        }
    }

    private static func isWord(_ scalar: Unicode.Scalar?) -> Bool {
        scalar.map(FilterPatternSet.word.contains) ?? false
    }
}

/// A set of characters.
struct FilterPatternSet: Sendable {
    var ranges: [ClosedRange<UInt32>] = []
    var isNegated = false
    var ignoresCase = false

    static let digit = FilterPatternSet(ranges: [0x30...0x39])
    static let word = FilterPatternSet(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    static let space = FilterPatternSet(ranges: [0x09...0x0A, 0x0C...0x0D, 0x20...0x20])
    static let all = FilterPatternSet(ranges: [0...0x10FFFF])
    static let notNewline = FilterPatternSet(ranges: [0x0A...0x0A], isNegated: true)

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        var isIn = has(scalar)
        if !isIn, ignoresCase {
            let properties = scalar.properties
            isIn =
                properties.lowercaseMapping.unicodeScalars.contains(where: has)
                || properties.uppercaseMapping.unicodeScalars.contains(where: has)
        }
        return isIn != isNegated
    }

    private func has(_ scalar: Unicode.Scalar) -> Bool {
        ranges.contains { $0.contains(scalar.value) }
    }

    /// The ranges of the set, with negation applied.
    var plainRanges: [ClosedRange<UInt32>] {
        guard isNegated else { return ranges }
        var result: [ClosedRange<UInt32>] = []
        var from: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > from { result.append(from...(range.lowerBound - 1)) }
            from = max(from, range.upperBound + 1)
        }
        if from <= 0x10FFFF { result.append(from...0x10FFFF) }
        return result
    }
}
