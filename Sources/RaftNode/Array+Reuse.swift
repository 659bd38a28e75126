extension Array {
    /// Removes everything and keeps the capacity for reuse, unless it is large.
    mutating func makeEmpty() {
        switch count {
        case 0: break
        case 1: removeLast()  // most often, and far cheaper than what follows
        default: removeAll(keepingCapacity: capacity <= Limits.listKeptMax)
        }
    }
}
