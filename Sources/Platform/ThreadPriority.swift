internal import CPosix

package enum ThreadPriority {
    /// Lets all other threads of the machine go first, from here on: for work that nobody waits
    /// for.
    package static func lower() { cposix_lower_thread_priority() }
}
