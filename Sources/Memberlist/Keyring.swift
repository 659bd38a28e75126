internal import Cryptography

/// The keys of an encrypted pool: seals with the primary one, opens with any.
package struct Keyring: Sendable {
    /// The primary key first. Each has 16, 24 or 32 bytes. Empty for a pool without encryption.
    package private(set) var keys: [[UInt8]] = []
    /// In the order of `keys`.
    private var ciphers: [GossipCipher] = []

    package init() {}

    /// - Returns: nil when a key has another length.
    package init?(keys: [[UInt8]], primary: [UInt8]) {
        do throws(KeyringFault) {
            try install(primary)
            for key in keys { try install(key) }
        } catch {
            return nil
        }
    }

    package var isEmpty: Bool { keys.isEmpty }
    package var primary: [UInt8]? { keys.first }

    /// Adds a key without using it; a known one changes nothing.
    package mutating func install(_ key: [UInt8]) throws(KeyringFault) {
        guard let cipher = GossipCipher(key: key) else { throw .wrongLength }
        if keys.contains(key) { return }
        guard keys.count < Limits.keysMax else { throw .isFull }
        keys.append(key)
        ciphers.append(cipher)
    }

    /// Makes an installed key the primary one.
    package mutating func use(_ key: [UInt8]) throws(KeyringFault) {
        guard let index = keys.firstIndex(of: key) else { throw .notInstalled }
        keys.insert(keys.remove(at: index), at: 0)
        ciphers.insert(ciphers.remove(at: index), at: 0)
    }

    /// Removes a key; rejects the primary one. An unknown one changes nothing.
    package mutating func remove(_ key: [UInt8]) throws(KeyringFault) {
        guard key != primary else { throw .isPrimary }
        guard let index = keys.firstIndex(of: key) else { return }
        keys.remove(at: index)
        ciphers.remove(at: index)
    }

    // MARK: Encryption

    /// The format of encrypted bytes: `version | nonce | ciphertext | tag`.
    enum Format {
        /// The plaintext is padded (PKCS#7): memberlist's protocol 1.
        static let padded: UInt8 = 0
        static let plain: UInt8 = 1
        static let overhead = 1 + GossipCipher.nonceBytes + GossipCipher.tagBytes
        static let padBlock = 16
    }

    /// Encrypts with the primary key, which must exist.
    func seal(_ plaintext: [UInt8], nonce: [UInt8], additional: [UInt8]) -> [UInt8] {
        guard let cipher = ciphers.first else { preconditionFailure("the keyring is empty") }
        return [Format.plain] + nonce
            + cipher.seal(plaintext, nonce: nonce, additional: additional)
    }

    /// Decrypts with the first key that fits.
    func open(_ sealed: ArraySlice<UInt8>, additional: [UInt8]) throws(CodecFault) -> [UInt8] {
        guard let version = sealed.first else {
            throw CodecFault("Cannot decrypt empty payload")
        }
        guard version <= Format.plain else {
            throw CodecFault("Unsupported encryption version \(version)")
        }
        let padding = version == Format.padded ? Format.padBlock : 0
        guard sealed.count >= Format.overhead + padding else {
            throw CodecFault("Payload is too small to decrypt: \(sealed.count)")
        }
        let nonce = sealed.dropFirst().prefix(GossipCipher.nonceBytes)
        let rest = sealed.dropFirst(1 + GossipCipher.nonceBytes)
        for cipher in ciphers {
            guard let plain = cipher.open(rest, nonce: nonce, additional: additional) else {
                continue
            }
            return version == Format.padded ? try Self.withoutPadding(plain) : plain
        }
        throw CodecFault("No installed keys could decrypt the message")
    }

    private static func withoutPadding(_ plain: [UInt8]) throws(CodecFault) -> [UInt8] {
        guard let last = plain.last, last > 0, last <= Format.padBlock, last <= plain.count else {
            throw CodecFault("the padding is invalid")
        }
        return Array(plain.dropLast(Int(last)))
    }
}

/// Keyrings are equal when their keys are, in order.
extension Keyring: Hashable {
    package static func == (a: Keyring, b: Keyring) -> Bool { a.keys == b.keys }
    package func hash(into hasher: inout Hasher) { hasher.combine(keys) }
}

/// The reason why a keyring is unchanged, in memberlist's words.
package enum KeyringFault: Error, Sendable, Hashable, CustomStringConvertible {
    case wrongLength
    case notInstalled
    case isPrimary
    case isFull

    package var description: String {
        switch self {
        case .wrongLength: "key size must be 16, 24 or 32 bytes"
        case .notInstalled: "Requested key is not in the keyring"
        case .isPrimary: "Removing the primary key is not allowed"
        case .isFull: "the keyring holds \(Limits.keysMax) keys already"
        }
    }
}
