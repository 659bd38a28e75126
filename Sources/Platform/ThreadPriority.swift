internal import CPosix

package enum ThreadPriority {
    /// Lowers the calling thread's priority below all other threads of the machine: for background
    /// work.
    package static func lower() { cposix_lower_thread_priority() }
}
