internal import ConsulModel
internal import ConsulState

/// What a valid write comes to.
enum Intent: Sendable {
    case propose(Command)
    case answer(Bool)
}

extension Commit {
    /// The answer that the caller of a write gets.
    var answer: Result<Bool, ConsulError> {
        switch result {
        case .done: .success(true)
        case .transacted(let response): .success(response.errors == nil)
        case .applied(let applied): .success(applied)
        case .refused(let error):
            .failure(
                ConsulError(error.isBadRequest ? .badRequest : .internal, error.description))
        }
    }
}
