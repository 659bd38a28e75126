import Wire

/// Names that a user may have meant.
package enum Suggestion {
    /// Returns the text about a key that `known` lacks.
    ///
    /// - Parameter path: the path of a setting's key; a record's keys have none.
    static func unknownKey(_ key: String, path: String? = nil, known: [String]) -> String {
        if let remedy = RemovedKeys.remedy(path: path, key: key) {
            return "unknown key (\(remedy))"
        }
        if let name = nearest(key, in: known) { return "unknown key (did you mean \"\(name)\"?)" }
        guard !known.isEmpty, known.count <= Limits.listedKeysMax else { return "unknown key" }
        return "unknown key (known here: \(known.joined(separator: ", ")))"
    }

    package static func nearest(_ name: String, in known: [String]) -> String? {
        let folded = fold(name)
        let bound = max(1, folded.count / 3)
        var best: (name: String, distance: Int)?
        for candidate in known {
            let distance = distance(folded, fold(candidate), within: best?.distance ?? bound + 1)
            if distance <= bound, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// Case and `_` do not count, as in `FoldedKey`.
    static func fold(_ name: String) -> [UInt8] {
        name.lowercased().utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }
    }

    /// Returns the number of letters to insert, remove, replace or swap with their neighbour.
    /// Beyond `bound` it may return any number above it.
    static func distance(_ a: [UInt8], _ b: [UInt8], within bound: Int) -> Int {
        if abs(a.count - b.count) > bound { return bound + 1 }
        var before: [Int] = []
        var previous = Array(0...b.count)
        for (row, letter) in a.enumerated() {
            var current = [row + 1]
            for (column, other) in b.enumerated() {
                var cost = min(
                    previous[column] + (letter == other ? 0 : 1),
                    previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, letter == b[column - 1], a[row - 1] == other {
                    cost = min(cost, before[column - 1] + 1)
                }
                current.append(cost)
            }
            before = previous
            previous = current
        }
        return previous[b.count]
    }
}

/// Converts Consul's name on the wire into the form of fragments: `TLSSkipVerify` becomes
/// `tls_skip_verify`.
package func snakeCase(_ name: String) -> String {
    let letters = Array(name.utf8)
    func isUpper(_ index: Int) -> Bool {
        index < letters.count && letters[index] >= 0x41 && letters[index] <= 0x5A
    }
    var output: [UInt8] = []
    for index in letters.indices {
        let beginsWord =
            isUpper(index) && index > 0
            && (!isUpper(index - 1)
                || index + 1 < letters.count && !isUpper(index + 1))
        if beginsWord, output.last != UInt8(ascii: "_") { output.append(UInt8(ascii: "_")) }
        output.append(isUpper(index) ? letters[index] | 0x20 : letters[index])
    }
    return String(decoding: output, as: UTF8.self)
}

extension Record {
    /// The names of this record's fields, as fragments write them.
    static var keysInFragments: [String] {
        FieldNames(of: Self()).names.map { snakeCase($0) }
    }
}
