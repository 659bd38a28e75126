import ClientCommands
import Glibc
import Platform
import PluginAPI

extension Console {
    /// The standard streams of this process.
    static let standard = Console(
        write: { Self.put(Array(($0 + "\n").utf8), 1) },
        writeError: { Self.put(Array(($0 + "\n").utf8), 2) },
        writeBytes: { Self.put($0, 1) },
        writeErrorBytes: { Self.put($0, 2) },
        readInput: { bytesMax throws(UsageError) in try Self.input(upTo: bytesMax) },
        become: {
            ProcessReplacement.become($0, environment: .inherited(adding: ClientFlags.defaults))
        })

    private static func put(_ bytes: [UInt8], _ descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private static func input(upTo bytesMax: Int) throws(UsageError) -> [UInt8] {
        var text: [UInt8] = []
        var space = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(0, &space, space.count)
            if count < 0, errno == EINTR { continue }
            if count < 0 {
                throw UsageError(
                    description: "Failed to read stdin: \(String(cString: strerror(errno)))")
            }
            if count == 0 { return text }
            text += space[..<count]
            if text.count > bytesMax { return text }
        }
    }
}
