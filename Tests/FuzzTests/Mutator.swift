import Primitives

/// Makes new inputs out of kept ones.
struct Mutator {
    let corpus: [[UInt8]]
    /// Words of the language, which random bytes would hardly spell.
    let words: [[UInt8]]
    /// Longer inputs are cut.
    var bytesMax = 8192

    init(_ corpus: [[UInt8]], words: [String] = [], bytesMax: Int = 8192) {
        precondition(!corpus.isEmpty)
        self.corpus = corpus
        self.words = words.map { Array($0.utf8) } + Self.nasty
        self.bytesMax = bytesMax
    }

    /// Frequent triggers of faults: ends of ranges, bytes that are no text, texts that look alike.
    private static let nasty: [[UInt8]] =
        [
            "0", "-1", "-0", "1e999", "2147483648", "9223372036854775807",
            "9223372036854775808", "-9223372036854775808", "18446744073709551615",
            "18446744073709551616", "0.1", "NaN", "2562047h47m16s", "-1ns", "1e-400", "null",
            "true", "\"", "\\", "'", "`", "{", "}", "[", "]", "(", ")", ":", ",", "%", "&", "=",
            "\r\n", "\n", "\t", " ", "\\u0000", "\\ud83d", "\\ude00", "\\u-000", "%00", "%ff",
            "%2F", "..", "//", "\u{0301}", "\u{FEFF}", "\u{2028}", "\u{10FFFF}", "e\u{0301}",
            "é", "\u{1F468}\u{200D}\u{1F469}", "ß", "İ",
        ].map { Array($0.utf8) } + [[0], [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90]]

    func kept(_ random: inout SeededRandom) -> [UInt8] {
        corpus[Int.random(in: 0..<corpus.count, using: &random)]
    }

    func input(_ random: inout SeededRandom) -> [UInt8] {
        var bytes = kept(&random)
        for _ in 0..<Int.random(in: 0...6, using: &random) { mutate(&bytes, &random) }
        return Array(bytes.prefix(bytesMax))
    }

    /// Returns the input as text; bytes that are not UTF-8 become U+FFFD.
    func text(_ random: inout SeededRandom) -> String {
        String(decoding: input(&random), as: UTF8.self)
    }

    func word(_ random: inout SeededRandom) -> [UInt8] {
        words[Int.random(in: 0..<words.count, using: &random)]
    }

    private func range(_ bytes: [UInt8], _ random: inout SeededRandom) -> Range<Int> {
        let start = Int.random(in: 0...bytes.count, using: &random)
        let most = min(bytes.count - start, Bool.random(using: &random) ? 4 : 200)
        return start..<(start + Int.random(in: 0...most, using: &random))
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        let place = range(bytes, &random)
        switch Int.random(in: 0..<11, using: &random) {
        case 0: bytes.removeSubrange(place)
        case 1: bytes.insert(contentsOf: bytes[place], at: place.upperBound)
        case 2: bytes.insert(contentsOf: word(&random), at: place.lowerBound)
        case 3: bytes.replaceSubrange(place, with: word(&random))
        case 4:
            let other = kept(&random)
            bytes.replaceSubrange(place, with: other[range(other, &random)])
        case 5:
            let other = kept(&random)
            bytes.removeSubrange(place.lowerBound...)
            bytes += other[range(other, &random).lowerBound...]
        case 6: bytes.removeSubrange(place.lowerBound...)
        case 7:
            let count = Int.random(in: 1...300, using: &random)
            let word = word(&random)
            bytes.insert(contentsOf: (0..<count).flatMap { _ in word }, at: place.lowerBound)
        case 8 where !place.isEmpty:
            bytes[place.lowerBound] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 9: replaceNumber(&bytes, &random)
        default:
            bytes.insert(UInt8.random(in: 0...255, using: &random), at: place.lowerBound)
        }
    }

    private func replaceNumber(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        let isDigit = { (byte: UInt8) in byte >= 0x30 && byte <= 0x39 }
        let digits = bytes.indices.filter { isDigit(bytes[$0]) }
        guard !digits.isEmpty else { return }
        let start = digits[Int.random(in: 0..<digits.count, using: &random)]
        let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
        bytes.replaceSubrange(start..<end, with: Self.nasty[Int.random(in: 0..<11, using: &random)])
    }
}
