import ConsulModel
import LocalAgent
import PluginAPI
import Testing

@Suite struct CheckThresholdsTests {
    /// Results as letters, `p`assing, `w`arning, `c`ritical; `C` is final. A dot means no change.
    private func play(_ results: String, _ success: Int, _ warn: Int, _ fail: Int) -> String {
        var definition = CheckDefinition()
        definition.successBeforePassing = success
        definition.failuresBeforeWarning = warn
        definition.failuresBeforeCritical = fail
        var thresholds = CheckThresholds(definition)
        return results.map { letter -> String in
            let status: CheckStatus =
                letter == "p" ? .passing : letter == "w" ? .warning : .critical
            let observation = CheckObservation(status, "", isFinal: letter == "C")
            return thresholds.receive(observation).map { String($0.rawValue.prefix(1)) } ?? "."
        }.joined()
    }

    @Test(arguments: [
        ("pcwcp", 0, 0, 0, "pcwcp"),  // without bounds every result counts
        ("ccccc", 0, 0, 3, "ccccc"),  // the counters start full
        ("pcccp", 0, 0, 3, "p..cp"),
        ("pccpccc", 0, 0, 3, "p..p..c"),  // in a row
        ("pcccc", 0, 2, 4, "p.wwc"),
        ("pcccc", 0, 9, 2, "p.ccc"),  // a warning never comes after the critical
        ("cppp", 2, 0, 0, "c.pp"),
        ("cwpw", 2, 0, 0, "c.pw"),  // a warning is a success too
        ("pCp", 3, 0, 5, "pcp"),  // a timeout counts at once, and as no failure
    ])
    func counts(_ results: String, _ success: Int, _ warn: Int, _ fail: Int, _ shown: String) {
        #expect(play(results, success, warn, fail) == shown)
    }
}
