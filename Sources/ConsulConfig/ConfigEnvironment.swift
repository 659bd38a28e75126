/// The machine's facts that a configuration depends on, as closures, so that reading it is a pure
/// computation. The composition root supplies the real ones, tests their own.
package struct ConfigEnvironment: Sendable {
    /// A variable of the environment; nil when it is not set.
    package var variable: @Sendable (String) -> String?
    /// Reads a file named by `${file:…}`; relative paths are relative to the agent's folder.
    package var readFile: @Sendable (String) -> Result<[UInt8], ReadProblem>
    package var hostName: String
    /// The addresses of all of the machine's interfaces, in the system's order.
    package var interfaces: @Sendable () -> [InterfaceAddress]

    package init(
        hostName: String,
        variable: @escaping @Sendable (String) -> String? = { _ in nil },
        readFile: @escaping @Sendable (String) -> Result<[UInt8], ReadProblem> = { _ in
            .failure(ReadProblem("files cannot be read here"))
        },
        interfaces: @escaping @Sendable () -> [InterfaceAddress] = { [] }
    ) {
        self.hostName = hostName
        self.variable = variable
        self.readFile = readFile
        self.interfaces = interfaces
    }
}

/// The reason why a file could not be read, in the system's words.
package struct ReadProblem: Error, Sendable {
    package var message: String
    package init(_ message: String) { self.message = message }
}
