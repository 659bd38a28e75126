// The calls below use records, durations and bytes of these modules: one import makes all
// available.
@_exported public import ConsulModel
@_exported public import Primitives
@_exported public import Vivaldi
@_exported public import Wire
