/// The caller's standard output and error.
package struct ExecOutput: Sendable {
    /// Writes a line to standard output.
    let say: @Sendable (String) -> Void
    /// Writes a line to standard error.
    let complain: @Sendable (String) -> Void
    /// Writes the jobs' output, of any bytes, to standard output: whole lines with their line
    /// breaks.
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
