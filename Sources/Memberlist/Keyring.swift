internal import Cryptography

/// The keys of an encrypted pool: seals with the primary one, opens with any.
package struct Keyring: Sendable, Hashable {
    /// The primary key first. Each has 16, 24 or 32 bytes. Empty for a pool without encryption.
    package private(set) var keys: [[UInt8]] = []

    package init() {}

    /// - Returns: nil when a key has another length.
    package init?(keys: [[UInt8]], primary: [UInt8]) { fatalError() }

    package var isEmpty: Bool { keys.isEmpty }
    package var primary: [UInt8]? { keys.first }

    /// Adds a key without using it; a known one changes nothing.
    package mutating func install(_ key: [UInt8]) throws(KeyringFault) { fatalError() }
    /// Makes an installed key the primary one.
    package mutating func use(_ key: [UInt8]) throws(KeyringFault) { fatalError() }
    /// Removes a key; refused for the primary one.
    package mutating func remove(_ key: [UInt8]) throws(KeyringFault) { fatalError() }
}

/// The reason why a keyring is unchanged, in memberlist's words.
package enum KeyringFault: Error, Sendable, Hashable, CustomStringConvertible {
    case wrongLength
    case notInstalled
    case isPrimary

    package var description: String {
        switch self {
        case .wrongLength: "key size must be 16, 24 or 32 bytes"
        case .notInstalled: "Requested key is not in the keyring"
        case .isPrimary: "Removing the primary key is not allowed"
        }
    }
}
