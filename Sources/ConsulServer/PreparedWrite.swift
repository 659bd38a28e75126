internal import ConsulModel
internal import ConsulState

/// Holds the outcome of a valid write's preparation: a command for the log, or an answer without
/// one.
enum PreparedWrite: Sendable {
    case propose(Command)
    case answer(Bool)
}

extension Commit {
    /// The answer for the caller of a write.
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
