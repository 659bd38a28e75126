/// An array whose copies share chunks until one of them changes an element, which copies that chunk
/// alone. Ten thousand simulated nodes begin with one list of members and differ in few.
struct SharedArray<Element: Sendable>: Sendable {
    private static var chunkSize: Int { 64 }

    private var chunks: [[Element]] = []
    private(set) var count = 0

    mutating func append(_ element: Element) {
        if count % Self.chunkSize == 0 { chunks.append([]) }
        chunks[count / Self.chunkSize].append(element)
        count += 1
    }

    subscript(index: Int) -> Element {
        get { chunks[index / Self.chunkSize][index % Self.chunkSize] }
        _modify { yield &chunks[index / Self.chunkSize][index % Self.chunkSize] }
    }
}
