/// The reason why a watch cannot be planned.
package enum WatchError: Error, Hashable, Sendable, CustomStringConvertible {
    case unknownType(String)

    package var description: String {
        switch self {
        case .unknownType(let type): "Unsupported watch type: \(type)"
        }
    }
}
