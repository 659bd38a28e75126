// The records, durations and bytes of the calls below are theirs: one import brings all.
@_exported public import ConsulModel
@_exported public import Primitives
@_exported public import Vivaldi
@_exported public import Wire
