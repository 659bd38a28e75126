import Telemetry

/// Returns readings under their full names.
func named(_ readings: [MetricReading], _ naming: MetricNaming = MetricNaming())
    -> [(MetricReading, Series)]
{
    readings.compactMap { reading in
        naming.series(reading.name, isGauge: reading.isGauge).map { (reading, $0) }
    }
}

/// Converts seconds to nanoseconds since 1970.
func second(_ seconds: Int64) -> Int64 { seconds * 1_000_000_000 }
