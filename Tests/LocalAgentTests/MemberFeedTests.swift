import ConsulModel
import LocalAgent
import Synchronization
import Testing

/// The member list that watches wait for.
@Suite struct MemberFeedTests {
    private static func member(_ name: String, status: Member.Status) -> Member {
        var member = Member()
        member.name = name
        member.status = status.rawValue
        return member
    }

    /// Collects what readers get: `a1@2` for member `a` of status 1 at revision 2.
    private final class Answers: Sendable {
        private let texts = Mutex<[String]>([])
        var all: [String] { texts.withLock { $0 } }

        @Sendable func add(_ result: Result<([Member], UInt64), ConsulError>) {
            let text =
                switch result {
                case .success((let members, let revision)):
                    members.map { "\($0.name)\($0.status)" }.joined(separator: " ") + "@\(revision)"
                case .failure(let error): error.message
                }
            texts.withLock { $0.append(text) }
        }
    }

    @Test func aReaderIsAnsweredOncePerChange() {
        let feed = MemberFeed([Self.member("a", status: .alive)])
        let answers = Answers()
        #expect(feed.read(after: 0, reply: answers.add) == nil)
        #expect(answers.all == ["a1@1"])
        let pending = feed.read(after: 1, reply: answers.add)
        #expect(pending != nil)
        // The same list is no change.
        feed.update([Self.member("a", status: .alive)])
        #expect(answers.all.count == 1)
        feed.update([Self.member("a", status: .failed)])
        feed.update([Self.member("a", status: .left)])
        #expect(answers.all == ["a1@1", "a4@2"])
        pending?.cancel()
        #expect(answers.all.count == 2)
        #expect(feed.read(after: 2, reply: answers.add) == nil)
        #expect(answers.all.last == "a3@3")
    }

    @Test func aCancelledReaderIsAnsweredOnce() {
        let feed = MemberFeed([])
        let answers = Answers()
        feed.read(after: 1, reply: answers.add)?.cancel()
        feed.update([Self.member("a", status: .alive)])
        #expect(answers.all == ["watch stopped"])
    }
}
