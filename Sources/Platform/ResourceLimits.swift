/// Bounds a program's resources by starting it through prlimit(1), which sets the limits and then
/// becomes the program.
package enum ResourceLimits {
    private static let known: Set<String> = [
        "as", "core", "cpu", "data", "fsize", "memlock", "nofile", "nproc", "rss", "stack",
    ]

    /// The error for a limit that prlimit(1) does not have.
    package struct UnknownLimit: Error, CustomStringConvertible {
        package let name: String
        package var description: String {
            "unknown limit \(name): use one of \(known.sorted().joined(separator: ", "))"
        }
    }

    package static func wrap(
        _ spec: ProcessSpec, _ limits: [String: UInt64]
    ) throws(UnknownLimit) -> ProcessSpec {
        var options: [String] = []
        for (name, value) in limits.sorted(by: { $0.key < $1.key }) {
            guard known.contains(name) else { throw UnknownLimit(name: name) }
            options.append("--\(name)=\(value)")
        }
        var wrapped = spec
        wrapped.arguments = ["prlimit"] + options + ["--"] + spec.arguments
        return wrapped
    }
}
