import Primitives
import Testing

/// The tree next to a sorted array with the same content.
private struct Model {
    var keys: [[UInt8]] = []
    var values: [[UInt8]: Int] = [:]

    mutating func insert(_ value: Int, _ key: [UInt8]) {
        if values.updateValue(value, forKey: key) == nil {
            keys.append(key)
            keys.sort { $0.lexicographicallyPrecedes($1) }
        }
    }

    mutating func remove(_ key: [UInt8]) {
        values[key] = nil
        keys.removeAll { $0 == key }
    }

    func all(under prefix: [UInt8] = []) -> [Int] {
        keys.filter { $0.starts(with: prefix) }.compactMap { values[$0] }
    }
}

private func values(_ tree: RadixTree<Int>, under prefix: [UInt8] = []) -> [Int] {
    var found: [Int] = []
    tree.forEach(under: prefix) { found.append($0) }
    return found
}

@Suite struct RadixTreeTests {
    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func behavesAsASortedArray(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var tree = RadixTree<Int>()
        var model = Model()
        var snapshot = (tree: tree, values: model.all())
        for step in 0..<700 {
            let length = Int.random(in: 0...5, using: &random)
            let key = (0..<length).map { _ in UInt8.random(in: 0x61...0x63, using: &random) }
            switch Int.random(in: 0..<10, using: &random) {
            case 0...4:
                #expect(tree.insert(step, for: key) == model.values[key])
                model.insert(step, key)
            case 5...7:
                #expect(tree.remove(key) == model.values[key])
                model.remove(key)
            case 8 where length > 2:
                let doomed = model.keys.filter { $0.starts(with: key) }
                #expect(tree.removeAll(under: key) == doomed.count)
                for key in doomed { model.remove(key) }
            default:
                #expect(values(snapshot.tree) == snapshot.values)
                snapshot = (tree, model.all())
            }
            tree.checkInvariants()
            #expect(tree.count == model.keys.count)
            #expect(tree[key] == model.values[key])
            #expect(values(tree, under: key) == model.all(under: key))
            #expect(tree.contains(under: key) == !model.all(under: key).isEmpty)
            compareCursors(tree, model, from: key)
        }
        #expect(values(snapshot.tree) == snapshot.values)
    }

    private func compareCursors(_ tree: RadixTree<Int>, _ model: Model, from bound: [UInt8]) {
        var cursor = tree.cursor(from: bound)
        for key in model.keys where !key.lexicographicallyPrecedes(bound) {
            #expect(cursor.next() == model.values[key])
            #expect(cursor.key == key)
        }
        #expect(cursor.next() == nil)
        var path: [Int] = []
        tree.forEachPrefix(of: bound) { path.append($0) }
        #expect(path == model.keys.filter { bound.starts(with: $0) }.map { model.values[$0] })
    }

    @Test func aCopyKeepsWhatItHad() {
        var tree = RadixTree<Int>()
        for number in 0..<500 { tree.insert(number, for: "key/\(number)".utf8) }
        let copy = tree
        tree.removeAll(under: "key/1".utf8)
        tree.insert(-1, for: "key/2".utf8)
        #expect(copy.count == 500)
        #expect(copy["key/17".utf8] == 17)
        #expect(copy["key/2".utf8] == 2)
        #expect(tree["key/17".utf8] == nil)
        copy.checkInvariants()
    }
}
