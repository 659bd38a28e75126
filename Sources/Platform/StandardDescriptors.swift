import Glibc

/// Standard input, output and error of this process.
package enum StandardDescriptors {
    /// Opens `/dev/null` in the place of each that is closed. Otherwise the next file or socket
    /// would get its number, and what is printed would go into that. To be called first.
    package static func fill() {
        for number in STDIN_FILENO...STDERR_FILENO
        where fcntl(number, F_GETFD) < 0 && errno == EBADF {
            // The lowest free number: this one, since those below are open by now.
            guard open("/dev/null", O_RDWR) == number else { return }
        }
    }
}
