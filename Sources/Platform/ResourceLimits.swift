import Platform
import PluginAPI

/// Bounds a handler's resources by starting it through prlimit(1), which sets them and becomes it.
enum ResourceLimits {
    static let known: Set<String> = [
        "as", "core", "cpu", "data", "fsize", "memlock", "nofile", "nproc", "rss", "stack",
    ]

    static func wrap(_ spec: ProcessSpec, _ limits: [String: UInt64]) throws(ProbeError)
        -> ProcessSpec
    {
        var options: [String] = []
        for (name, value) in limits.sorted(by: { $0.key < $1.key }) {
            guard known.contains(name) else {
                throw ProbeError(
                    "unknown limit \(name): use one of \(known.sorted().joined(separator: ", "))")
            }
            options.append("--\(name)=\(value)")
        }
        var wrapped = spec
        wrapped.arguments = ["prlimit"] + options + ["--"] + spec.arguments
        return wrapped
    }
}
