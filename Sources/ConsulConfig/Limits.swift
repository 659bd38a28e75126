/// The bounds of a configuration, each with its reason. Every message about one of them names the
/// bound and the remedy.
enum Limits {
    /// Bytes of one fragment. Ten thousand services take about 3 MB; beyond this it is not written
    /// by hand, and a mistaken path (a log, a core file) must not fill the memory.
    static let fileBytesMax = 16 << 20
    /// Nested lists and maps. Consul's deepest setting is at 6; parsing recurses, so the stack
    /// bounds this too.
    static let depthMax = 64
    /// Values that the aliases of one file may add. A "billion laughs" of ten lines adds a billion.
    static let aliasedValuesMax = 100_000
    /// Bytes of a file named by `${file:…}`: a token or a certificate, not a data set.
    static let interpolatedFileBytesMax = 1 << 20
    /// Bytes of one text after interpolation.
    static let interpolatedTextBytesMax = 4 << 20
    /// Errors reported in one run. A wrong file would otherwise print a line for each of its
    /// values.
    static let errorsMax = 200
    /// Known keys listed in full when no name is similar enough to be proposed.
    static let listedKeysMax = 16
    /// Letters of a value shown in a message.
    static let shownTextMax = 60

    /// Pairs of node or service metadata, and the length of their keys and values: Consul's own.
    static let metaPairsMax = 64
    static let metaKeyMax = 128
    static let metaValueMax = 512
}
