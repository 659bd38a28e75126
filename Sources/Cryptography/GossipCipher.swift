internal import Crypto

/// Seals and opens bytes with AES-GCM: nonces of 12 bytes, tags of 16 (NIST SP 800-38D).
package struct GossipCipher: Sendable {
    package static let nonceBytes = 12
    package static let tagBytes = 16

    private let key: SymmetricKey

    /// - Parameter key: 16, 24 or 32 bytes. Returns nil for another length.
    package init?(key: [UInt8]) {
        guard [16, 24, 32].contains(key.count) else { return nil }
        self.key = SymmetricKey(data: key)
    }

    /// Returns the ciphertext, followed by the tag.
    ///
    /// - Parameters:
    ///   - nonce: 12 bytes that this key has never sealed with before.
    ///   - additional: bytes that are authenticated and not part of the result.
    package func seal(
        _ plaintext: some Collection<UInt8>, nonce: [UInt8], additional: [UInt8]
    ) -> [UInt8] {
        precondition(nonce.count == Self.nonceBytes, "a nonce of \(nonce.count) bytes")
        do {
            let box = try AES.GCM.seal(
                Array(plaintext), using: key, nonce: AES.GCM.Nonce(data: nonce),
                authenticating: additional)
            return Array(box.ciphertext) + Array(box.tag)
        } catch {
            preconditionFailure("AES-GCM refused a key of valid length: \(error)")
        }
    }

    /// Returns the plaintext; nil when the bytes were not sealed with this key, nonce and these
    /// additional bytes, or were changed.
    ///
    /// - Parameter sealed: the ciphertext, followed by the tag.
    package func open(
        _ sealed: ArraySlice<UInt8>, nonce: ArraySlice<UInt8>, additional: [UInt8]
    ) -> [UInt8]? {
        guard sealed.count >= Self.tagBytes, nonce.count == Self.nonceBytes,
            let nonce = try? AES.GCM.Nonce(data: nonce),
            let box = try? AES.GCM.SealedBox(
                nonce: nonce, ciphertext: sealed.dropLast(Self.tagBytes),
                tag: sealed.suffix(Self.tagBytes)),
            let plaintext = try? AES.GCM.open(box, using: key, authenticating: additional)
        else { return nil }
        return Array(plaintext)
    }
}
