/// Formats texts as HashiCorp's programs do.
public enum ErrorText {
    /// Returns the text of several errors as one (go-multierror).
    public static func list(_ errors: [String]) -> String {
        let count = errors.count
        return "\(count) error\(count == 1 ? "" : "s") occurred:\n\t"
            + errors.map { "* \($0)" }.joined(separator: "\n\t") + "\n\n"
    }
}
