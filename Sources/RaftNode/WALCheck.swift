internal import Glibc

/// Checks SQLite's journal for damage before SQLite reads it, which treats the first frame with a
/// wrong checksum as the end and drops all later frames.
///
/// A crash leaves such a frame too, but only within the last transaction, as each one is synced
/// before the next begins. So a wrong frame that is followed by the end of its transaction and by
/// yet another frame is damage: an acknowledged write would be lost. Within the last transaction
/// the two cannot be distinguished; none of it may have been acknowledged.
///
/// The format is that of sqlite.org/fileformat2.html, section 4.
enum WALCheck {
    static let headCount = 32
    static let frameHeadCount = 24

    /// Checks a journal.
    ///
    /// - Returns: the damage, or nil.
    static func fault(in wal: [UInt8], path: String) -> RaftNodeError? {
        wal.withUnsafeBytes { bytes in
            let magic = bytes.count >= headCount ? big(bytes, 0) : 0
            guard magic & ~1 == 0x377F_0682 else {
                return damaged(path, 0, "the journal's head is missing or not one")
            }
            var sum = Sum(isBig: magic & 1 == 1)
            sum.add(bytes[..<24])
            guard big(bytes, 24) == sum.first, big(bytes, 28) == sum.second else {
                return damaged(path, 0, "the checksum of the journal's head is wrong")
            }
            let frameCount = frameHeadCount + Int(big(bytes, 8))
            let salts = number(bytes, 16)
            var offset = headCount
            while offset + frameCount <= bytes.count, number(bytes, offset + 8) == salts {
                var next = sum
                next.add(bytes[offset..<(offset + 8)])
                next.add(bytes[(offset + frameHeadCount)..<(offset + frameCount)])
                guard big(bytes, offset + 16) == next.first,
                    big(bytes, offset + 20) == next.second
                else { break }
                sum = next
                offset += frameCount
            }
            return isFollowed(bytes, offset, frameCount, salts)
                ? damaged(path, offset, "a frame of the journal is wrong, and later ones are not")
                : nil
        }
    }

    /// Returns true when a transaction ends at or after `start` and another frame of this journal
    /// follows.
    private static func isFollowed(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ frameCount: Int, _ salts: UInt64
    ) -> Bool {
        var hasEnd = false
        var offset = start
        while offset + frameHeadCount <= bytes.count {
            if number(bytes, offset + 8) == salts {
                if hasEnd { return true }
                hasEnd = big(bytes, offset + 4) != 0
            }
            offset += frameCount
        }
        return false
    }

    private static func damaged(_ path: String, _ offset: Int, _ reason: String) -> RaftNodeError {
        .damaged(path: path, location: "byte \(offset)", reason: reason)
    }

    private static func big(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
        UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The journal's own checksum, over words of 32 bits.
    private struct Sum {
        let isBig: Bool
        var first: UInt32 = 0
        var second: UInt32 = 0

        init(isBig: Bool) { self.isBig = isBig }

        mutating func add(_ bytes: Slice<UnsafeRawBufferPointer>) {
            let words = UnsafeRawBufferPointer(rebasing: bytes)
            for offset in stride(from: 0, to: words.count - 7, by: 8) {
                first &+= word(words, offset) &+ second
                second &+= word(words, offset + 4) &+ first
            }
        }

        private func word(_ words: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
            let word = words.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            return isBig ? UInt32(bigEndian: word) : UInt32(littleEndian: word)
        }
    }
}
