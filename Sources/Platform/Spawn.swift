import CPosix
import Glibc
import Primitives

/// Starts a child: every step until it runs.
enum Spawn {
    struct Started {
        var pid: pid_t
        /// Readable when the child ends; -1 on kernels before 5.3.
        var pidDescriptor: Int32
    }

    struct Failure: Error { var reason: String }

    private struct Identity {
        var user: uid_t
        var group: gid_t
        var groups: [gid_t]
    }

    /// Starts a child with three descriptors, which the caller keeps owning. Blocks the thread for
    /// the time the system needs to load the program, well below a millisecond.
    static func start(
        _ spec: ProcessSpec, input: Int32, output: Int32, error: Int32
    ) throws(Failure) -> Started {
        guard let program = spec.arguments.first, !program.isEmpty else {
            throw Failure(reason: "exec: no command")
        }
        for text in spec.arguments where text.utf8.contains(0) {
            throw Failure(reason: "exec: invalid argument: \(text.debugDescription)")
        }
        let candidates = try candidates(for: program, spec: spec)
        let identity = try identity(spec)
        let arguments = CStrings(spec.arguments)
        let environment = CStrings(spec.environment.lines)
        let paths = CStrings(candidates)
        let directory = spec.workingDirectory.map { strdup($0) } ?? nil
        defer { free(directory) }

        var step: Int32 = 0
        let groups = identity?.groups ?? []
        let pid = groups.withUnsafeBufferPointer { groupList in
            paths.constant { candidateList in
                var request = cposix_spawn_request()
                request.candidates = candidateList
                request.arguments = UnsafePointer(arguments.pointer)
                request.environment = UnsafePointer(environment.pointer)
                request.directory = UnsafePointer(directory)
                request.standard_input = input
                request.standard_output = output
                request.standard_error = error
                request.changes_user = identity == nil ? 0 : 1
                request.user = identity?.user ?? 0
                request.group = identity?.group ?? 0
                request.groups = groupList.baseAddress
                request.group_count = groupList.count
                request.mask = spec.umask.map { Int32($0 & 0o777) } ?? -1
                request.announce = spec.announceDescriptor ?? -1
                request.open_files = DescriptorLimit.inherited
                return cposix_spawn(&request, &step)
            }
        }
        guard pid > 0 else {
            throw Failure(reason: Self.reason(spec, program, step: step, code: -pid))
        }
        let descriptor = cposix_pidfd_open(pid)
        return Started(pid: pid, pidDescriptor: max(-1, descriptor))
    }

    /// Returns the reason of a failure, in the words of Consul.
    private static func reason(
        _ spec: ProcessSpec, _ program: String, step: Int32, code: Int32
    ) -> String {
        let text = errnoText(code)
        switch Int(step) {
        case Int(CPOSIX_STEP_DIRECTORY):
            return "chdir \(spec.workingDirectory ?? ""): \(text)"
        case Int(CPOSIX_STEP_IDENTITY):
            return "fork/exec \(program): cannot become user \(spec.user ?? "")"
                + " group \(spec.group ?? ""): \(text)"
        default:
            return "fork/exec \(program): \(text)"
        }
    }

    /// Returns the paths to try: the program itself when it names a path, else one per entry of
    /// PATH.
    private static func candidates(
        for program: String, spec: ProcessSpec
    ) throws(Failure) -> [String] {
        if program.contains("/") { return [program] }
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        for folder in path.split(separator: ":") {
            let candidate = "\(folder)/\(program)"
            if Files.isExecutable(candidate) { return [candidate] }
        }
        throw Failure(
            reason: "exec: \(program.debugDescription): executable file not found in $PATH")
    }

    private static func identity(_ spec: ProcessSpec) throws(Failure) -> Identity? {
        if spec.user == nil && spec.group == nil { return nil }
        var name: String?
        var user = geteuid()
        var group = getegid()
        if let wanted = spec.user {
            guard let found = Accounts.user(wanted) else {
                throw Failure(reason: "unknown user \(wanted)")
            }
            (user, group, name) = (found.user, found.group, found.name)
        }
        if let wanted = spec.group {
            guard let found = Accounts.group(wanted) else {
                throw Failure(reason: "unknown group \(wanted)")
            }
            group = found
        }
        return Identity(user: user, group: group, groups: Accounts.groups(of: name, base: group))
    }
}

/// Finds users and groups by name or number.
package enum Accounts {
    package struct User: Hashable, Sendable {
        package var user: UInt32
        package var group: UInt32
        package var name: String?
    }

    package static func user(_ text: String) -> User? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 * 1024)
        if let number = UInt32(text) {
            getpwuid_r(number, &entry, &buffer, buffer.count, &found)
            if found == nil { return User(user: number, group: getegid(), name: nil) }
        } else {
            getpwnam_r(text, &entry, &buffer, buffer.count, &found)
        }
        guard found != nil else { return nil }
        return User(user: entry.pw_uid, group: entry.pw_gid, name: String(cString: entry.pw_name))
    }

    package static func group(_ text: String) -> UInt32? {
        if let number = UInt32(text) { return number }
        var entry = Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        var buffer = [CChar](repeating: 0, count: 16 * 1024)
        getgrnam_r(text, &entry, &buffer, buffer.count, &found)
        return found == nil ? nil : entry.gr_gid
    }

    static func groups(of name: String?, base: gid_t) -> [gid_t] {
        guard let name else { return [base] }
        var count: Int32 = 64
        var groups = [gid_t](repeating: 0, count: Int(count))
        if getgrouplist(name, base, &groups, &count) < 0 { return [base] }
        return Array(groups.prefix(Int(count)))
    }
}

/// A NULL-ended array of C strings, freed with it.
final class CStrings {
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ texts: [String]) {
        count = texts.count
        pointer = .allocate(capacity: count + 1)
        for (i, text) in texts.enumerated() { (pointer + i).initialize(to: strdup(text)) }
        (pointer + count).initialize(to: nil)
    }

    func constant<R>(_ body: (UnsafePointer<UnsafePointer<CChar>?>) -> R) -> R {
        pointer.withMemoryRebound(to: UnsafePointer<CChar>?.self, capacity: count + 1) {
            body(UnsafePointer($0))
        }
    }

    deinit {
        for i in 0..<count { free(pointer[i]) }
        pointer.deallocate()
    }
}
