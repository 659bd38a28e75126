import Testing

@testable import Raft

/// The commit rule, from every side.
@Suite struct CommitmentTests {
    private func commitment(_ voters: Int, from start: LogIndex = 1) -> Commitment {
        Commitment(startIndex: start, voters: (1...voters).map { "s\($0)" })
    }

    @Test func nothingIsCommittedAtFirst() {
        #expect(commitment(3).commitIndex == 0)
        #expect(Commitment(startIndex: 1, voters: []).commitIndex == 0)
    }

    @Test func singleVoterCommitsItsOwnEntries() {
        var alone = commitment(1)
        alone.record("s1", has: 7)
        #expect(alone.commitIndex == 7)
    }

    /// As many as may fail, and the others.
    @Test(arguments: [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4)])
    func aMajorityCommitsAndNoFewer(voters: Int, majority: Int) {
        var some = commitment(voters)
        for voter in 1..<majority { some.record("s\(voter)", has: 5) }
        #expect(some.commitIndex == 0)
        some.record("s\(majority)", has: 5)
        #expect(some.commitIndex == 5)
    }

    @Test func theIndexIsTheOneThatAMajorityHasReached() {
        var five = commitment(5)
        for (voter, index) in zip(1..., [LogIndex(30), 10, 50, 20, 40]) {
            five.record("s\(voter)", has: index)
        }
        #expect(five.commitIndex == 30)
        five.record("s2", has: 60)
        #expect(five.commitIndex == 40)
        five.record("s4", has: 60)
        #expect(five.commitIndex == 50)
    }

    @Test func itNeverGoesBack() {
        var three = commitment(3)
        three.record("s1", has: 9)
        three.record("s2", has: 9)
        three.record("s1", has: 3)
        three.record("s2", has: 0)
        #expect(three.commitIndex == 9)
        three.setVoters(["s1", "s2", "s3", "s4", "s5"])
        #expect(three.commitIndex == 9)
    }

    @Test func repeatedReportCountsOnce() {
        var three = commitment(3)
        three.record("s1", has: 4)
        three.record("s1", has: 4)
        #expect(three.commitIndex == 0)
    }

    /// Figure 8: the entries of earlier terms are before `startIndex`.
    @Test func oldTermsAreCommittedByTheFirstEntryOfTheOwnAlone() {
        var three = commitment(3, from: 10)
        three.record("s1", has: 9)
        three.record("s2", has: 9)
        three.record("s3", has: 9)
        #expect(three.commitIndex == 0)
        three.record("s1", has: 12)
        #expect(three.commitIndex == 0)
        three.record("s3", has: 10)
        #expect(three.commitIndex == 10)
    }

    @Test func nonvoterDoesNotCount() {
        var three = commitment(3)
        three.record("s1", has: 5)
        three.record("learner", has: 5)
        three.record("stranger", has: 5)
        #expect(three.commitIndex == 0)
    }

    @Test func newVoterBeginsAtZero() {
        var three = commitment(3)
        three.record("s1", has: 5)
        three.record("s2", has: 4)
        #expect(three.commitIndex == 4)
        three.setVoters(["s1", "s2", "s3", "s4"])
        three.record("s1", has: 8)
        three.record("s2", has: 8)
        #expect(three.commitIndex == 4)
        three.record("s4", has: 8)
        #expect(three.commitIndex == 8)
    }

    @Test func removingAVoterMayCommit() {
        var four = commitment(4)
        four.record("s1", has: 6)
        four.record("s2", has: 6)
        #expect(four.commitIndex == 0)
        four.setVoters(["s1", "s2", "s3"])
        #expect(four.commitIndex == 6)
    }

    @Test func returningVoterBeginsAtZero() {
        var three = commitment(3)
        three.record("s3", has: 6)
        three.setVoters(["s1", "s2"])
        three.setVoters(["s1", "s2", "s3"])
        three.record("s1", has: 6)
        #expect(three.commitIndex == 0)
    }

    @Test func emptyGroupHasNoMajority() {
        #expect(Majority.reached(by: [Int]()) == nil)
        #expect(Majority.reached(by: [3]) == 3)
        #expect(Majority.reached(by: [1, 2]) == 1)
        #expect(Majority.reached(by: [2, 9, 4, 1]) == 2)
    }
}
