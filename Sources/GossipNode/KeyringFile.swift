package import Memberlist
internal import Platform
package import Primitives
internal import Wire

/// The keyring on disk, in Serf's form: a JSON list of keys in base64, the primary one first. Only
/// its owner may read it.
package enum KeyringFile {
    /// - Returns: nil when there is no file.
    package static func read(_ path: String) throws(GossipError) -> Keyring? {
        guard Files.exists(path) else { return nil }
        do throws(FileError) {
            // A file restored from a copy must not stay readable by others.
            try Files.setMode(path, 0o600)
            return try parse(try Files.read(path, limit: Limits.keyringFileBytesMax), path)
        } catch {
            throw .keyring(path: path, reason: "\(error)")
        }
    }

    private static func parse(_ bytes: [UInt8], _ path: String) throws(FileError) -> Keyring? {
        let texts: [String]
        do {
            texts = try JSONReader.decode(from: bytes)
        } catch {
            throw FileError("read", path, reason: "not a JSON list of keys: \(error)")
        }
        let keys = texts.compactMap { Base64.decode($0) }
        guard keys.count == texts.count, let primary = keys.first,
            let keyring = Keyring(keys: keys, primary: primary)
        else {
            throw FileError(
                "read", path, reason: "each key must be 16, 24 or 32 bytes in base64")
        }
        return keyring
    }

    package static func write(_ keyring: Keyring, to path: String) throws(GossipError) {
        let texts = keyring.keys.map { Base64.encode($0) }
        do throws(FileError) {
            try AtomicFile.write(path, JSONWriter.encode(texts), mode: 0o600)
        } catch {
            throw .keyring(path: path, reason: "\(error)")
        }
    }
}
