/// Logarithms, without a system library: the floor of this target imports none.
enum Logarithm {
    private static let naturalOf2 = 0.693_147_180_559_945_309_4
    private static let naturalOf10 = 2.302_585_092_994_045_684

    /// Returns the natural logarithm of a positive finite number, to about 15 digits.
    ///
    /// x = m x 2^e with m close to 1, and ln m = 2 (s + s^3/3 + s^5/5 + ...) for s = (m-1)/(m+1).
    static func natural(_ x: Double) -> Double {
        precondition(x > 0 && x.isFinite, "the logarithm of \(x)")
        var mantissa = x.significand
        var exponent = Double(x.exponent)
        if mantissa > 1.414_213_562_373_095 {
            mantissa /= 2
            exponent += 1
        }
        let s = (mantissa - 1) / (mantissa + 1)
        var power = s
        var sum = 0.0
        var divisor = 1.0
        while power.magnitude > 1e-18 {
            sum += power / divisor
            power *= s * s
            divisor += 2
        }
        return 2 * sum + exponent * naturalOf2
    }

    static func decimal(_ x: Double) -> Double { natural(x) / naturalOf10 }

    /// Returns ceil(log10(n)), exactly; 0 for n below 2.
    static func decimalCeiling(_ n: Int) -> Int {
        var digits = 0
        var power = 1
        while power < n {
            digits += 1
            let (next, overflow) = power.multipliedReportingOverflow(by: 10)
            if overflow { return digits }
            power = next
        }
        return digits
    }

    /// Returns ceil(log2(n)), exactly; 0 for n below 2.
    static func binaryCeiling(_ n: Int) -> Int {
        n < 2 ? 0 : Int.bitWidth - (n - 1).leadingZeroBitCount
    }
}
