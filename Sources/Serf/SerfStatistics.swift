/// The figures that `consul info` shows for a pool (`serf_lan`), in Serf's names.
package struct SerfStatistics: Sendable, Hashable {
    package var members = 0
    package var failed = 0
    package var left = 0
    package var healthScore = 0
    package var memberTime: UInt64 = 0
    package var eventTime: UInt64 = 0
    package var queryTime: UInt64 = 0
    package var intentQueue = 0
    package var eventQueue = 0
    package var queryQueue = 0
    package var coordinateResets = 0
    package var isEncrypted = false
    package init() {}
}
