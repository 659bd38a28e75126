public import Primitives

extension Redaction {
    /// Returns a JSON tree without its secrets: values of fields with a name such as `Token`, and
    /// of headers, are replaced; other texts pass `Redaction.text`.
    public static func json(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let map):
            .object(
                Dictionary(
                    uniqueKeysWithValues: map.map { key, value in
                        (key, key == "Header" || isSecret(key) ? hidden(value) : json(value))
                    }))
        case .array(let values): .array(values.map { json($0) })
        case .string(let text): .string(Redaction.text(text))
        default: value
        }
    }

    /// Returns a record without its secrets, for an answer of the API; a blank record when its type
    /// does not accept the redacted values.
    public static func record<Value: WireValue>(_ value: Value) -> Value {
        do {
            let tree = try JSONReader.decode(JSONValue.self, from: JSONWriter.encode(value))
            return try JSONReader.decode(Value.self, from: JSONWriter.encode(json(tree)))
        } catch {
            return Value()
        }
    }

    /// Header names stay; numbers and booleans are not secret.
    private static func hidden(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let map): .object(map.mapValues { hidden($0) })
        case .array(let values): .array(values.map { hidden($0) })
        case .string(let text): .string(text.isEmpty ? "" : fieldMark)
        default: value
        }
    }
}
