import Glibc

/// The standard input, output and error of this process.
package enum StandardDescriptors {
    /// Opens `/dev/null` for each closed descriptor. Otherwise the next file or socket would get
    /// its number, and printed text would be written into that. To be called first.
    package static func fill() {
        for number in STDIN_FILENO...STDERR_FILENO
        where fcntl(number, F_GETFD) < 0 && errno == EBADF {
            // The kernel returns the lowest free number: this one, since those below are open by
            // now.
            guard open("/dev/null", O_RDWR) == number else { return }
        }
    }
}
