import ConsulConfig
import PluginAPI
import Primitives
import Wire

/// Applies the node's rules to a job: a request to run a program, or a refusal.
struct ExecPermit {
    struct Refusal: Error, Hashable, Sendable {
        var reason: String
    }

    private let rules: RemoteExecRules
    private let shell: String

    init(_ rules: RemoteExecRules, shell: String) {
        self.rules = rules
        self.shell = shell
    }

    func request(for job: ExecJob) -> Result<ProcessRequest, Refusal> {
        if !rules.jobs.isEmpty { return allowed(job) }
        var request: ProcessRequest
        if !job.args.isEmpty {
            request = ProcessRequest(job.args, timeout: limit(.zero))
        } else if !job.script.isEmpty {
            request = ProcessRequest([shell, "-c"], timeout: limit(.zero))
            request.script = job.script.array
        } else {
            request = ProcessRequest([shell, "-c", job.command], timeout: limit(.zero))
        }
        request.user = rules.user
        return .success(request)
    }

    /// Finds the job of the list that the first word names. A line is split at its spaces, and no
    /// shell parses it.
    private func allowed(_ job: ExecJob) -> Result<ProcessRequest, Refusal> {
        guard job.script.isEmpty else {
            return .failure(Refusal(reason: "this node runs its named jobs only, no scripts"))
        }
        let words =
            job.args.isEmpty
            ? job.command.split(whereSeparator: { $0.isWhitespace }).map { String($0) } : job.args
        let name = words.first ?? ""
        guard let known = rules.job(named: name) else {
            return .failure(Refusal(reason: "this node has no job named \"\(name)\""))
        }
        guard known.allowArguments || words.count == 1 else {
            return .failure(Refusal(reason: "the job \"\(name)\" takes no arguments"))
        }
        var request = ProcessRequest(
            known.args + words.dropFirst(), timeout: limit(known.timeout))
        request.user = known.user.isEmpty ? rules.user : known.user
        return .success(request)
    }

    private func limit(_ own: GoDuration) -> GoDuration {
        if own > .zero { return own }
        return rules.timeout > .zero ? rules.timeout : GoDuration(nanoseconds: .max)
    }
}
