package import ConsulModel
import Primitives

/// The limits of `consul exec` on this node: `remote_exec` and, above all, `disable_remote_exec`.
enum RemoteExecSettings {
    static let settings: [Setting] = [
        Setting(
            "remote_exec.jobs", \.remoteExec.jobs,
            "Jobs that consul exec may run here, by their names. Where there are any, nothing else "
                + "may be run.",
            reloads: true, check: jobs),
        Setting(
            "remote_exec.user", \.remoteExec.user,
            "The user that runs what consul exec asks for, where a job names none. By default the "
                + "agent's own.",
            reloads: true),
        Setting(
            "remote_exec.timeout", \.remoteExec.timeout,
            "How long a job of consul exec may take, where it has no limit of its own. 0 is for as "
                + "long as it takes.",
            reloads: true, fallsBack: true, check: LimitSettings.notNegative),
        Setting(
            "remote_exec.max_parallel", \.remoteExec.parallelMax,
            "How many jobs of consul exec may run at once; a further one is refused.",
            reloads: true, fallsBack: true, check: SettingChecks.positive),
        Setting(
            "remote_exec.output_max", \.remoteExec.outputMax,
            "How many bytes of a job's output are sent to the caller; the rest is dropped.",
            reloads: true, fallsBack: true, check: SettingChecks.notNegative),
    ]

    @Sendable private static func jobs(_ jobs: [RemoteExecJob]) -> String? {
        var names: Set<String> = []
        for job in jobs {
            let isWord = !job.name.isEmpty && !job.name.contains { $0.isWhitespace }
            if !isWord { return "\(quoted(job.name)) is no name: use one word" }
            if !names.insert(job.name).inserted {
                return "there are two jobs named \(quoted(job.name))"
            }
            if job.args.first?.isEmpty ?? true {
                return "\(quoted(job.name)) has no args: name its program and arguments"
            }
            if job.timeout < .zero { return "\(quoted(job.name)) has a negative timeout" }
        }
        return nil
    }
}

extension RemoteExecJob: SettingElement {
    package static var listName: String { "list of jobs" }
    package init(element text: String) {
        self.init()
        name = text
    }
}
