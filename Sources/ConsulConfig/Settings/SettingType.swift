package import Primitives
package import Wire

/// The form of a flag of this kind on the command line.
package enum FlagForm: Sendable {
    /// `-server`, or `-server=false`.
    case bool
    /// `-node=web1` or `-node web1`.
    case value
    /// Like `value`, and repeatable: the values are appended.
    case list
    /// Like `list`, each value `key:value`.
    case map
}

/// A type of settings: it determines how fragments merge and how a flag's text is read. Reading
/// from a fragment and printing follow from `WireValue`.
package protocol SettingType: WireValue, Equatable, Sendable {
    /// The type's name in documentation.
    static var typeName: String { get }
    static var flagForm: FlagForm { get }
    /// Merges the value of a later source: scalars are replaced, lists appended, maps overlaid.
    mutating func merge(_ later: Self)
    /// Reads one occurrence of the setting's flag.
    init?(flag text: String)
}

extension SettingType {
    package static var flagForm: FlagForm { .value }
    package mutating func merge(_ later: Self) { self = later }
}

extension Bool: SettingType {
    package static var typeName: String { "true or false" }
    package static var flagForm: FlagForm { .bool }
    package init?(flag text: String) {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True", "": self = true
        case "0", "f", "F", "false", "FALSE", "False": self = false
        default: return nil
        }
    }
}

extension Int: SettingType {
    package static var typeName: String { "number" }
    package init?(flag text: String) {
        guard let value = Int(text) else { return nil }
        self = value
    }
}

extension Double: SettingType {
    package static var typeName: String { "number" }
    package init?(flag text: String) {
        guard let value = Double(text) else { return nil }
        self = value
    }
}

extension String: SettingType {
    package static var typeName: String { "string" }
    package init?(flag text: String) { self = text }
}

extension GoDuration: SettingType {
    package static var typeName: String { "duration" }
    package init?(flag text: String) { self.init(text) }
}

extension Optional: SettingType where Wrapped: SettingType {
    package static var typeName: String { Wrapped.typeName }
    package static var flagForm: FlagForm { Wrapped.flagForm }
    package init?(flag text: String) {
        guard let value = Wrapped(flag: text) else { return nil }
        self = .some(value)
    }
}

/// An element of a list setting.
package protocol SettingElement: WireValue, Equatable, Sendable {
    static var listName: String { get }
    init(element text: String)
}

extension String: SettingElement {
    package static var listName: String { "list of strings" }
    package init(element text: String) { self = text }
}

extension JSONValue: SettingElement {
    package static var listName: String { "list" }
    package init(element text: String) { self = .string(text) }
}

extension Array: SettingType where Element: SettingElement {
    package static var typeName: String { Element.listName }
    package static var flagForm: FlagForm { .list }
    package mutating func merge(_ later: [Element]) { self += later }
    package init?(flag text: String) { self = [Element(element: text)] }
}

extension [String: String]: SettingType {
    package static var typeName: String { "map of strings" }
    package static var flagForm: FlagForm { .map }
    package mutating func merge(_ later: [String: String]) {
        merge(later) { $1 }
    }
    package init?(flag text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let key = parts.first, !key.isEmpty else { return nil }
        self = [String(key): parts.count == 2 ? String(parts[1]) : ""]
    }
}

extension JSONValue: SettingType {
    package static var typeName: String { "any" }
    package mutating func merge(_ later: JSONValue) {
        switch (self, later) {
        case (.object(var mine), .object(let theirs)):
            for (key, value) in theirs { mine[key, default: .null].merge(value) }
            self = .object(mine)
        case (.array(let mine), .array(let theirs)): self = .array(mine + theirs)
        case (_, .null): return
        default: self = later
        }
    }
    package init?(flag text: String) { self = .string(text) }
}
