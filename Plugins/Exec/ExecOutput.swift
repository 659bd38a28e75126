/// Where the caller's side prints.
package struct ExecOutput: Sendable {
    /// A line, to standard output.
    let say: @Sendable (String) -> Void
    /// A line, to standard error.
    let complain: @Sendable (String) -> Void
    /// Whole lines with their line breaks, to standard output: what jobs wrote, which may be any
    /// bytes.
    let write: @Sendable ([UInt8]) -> Void

    package init(
        say: @escaping @Sendable (String) -> Void, complain: @escaping @Sendable (String) -> Void,
        write: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.say = say
        self.complain = complain
        self.write = write
    }
}
