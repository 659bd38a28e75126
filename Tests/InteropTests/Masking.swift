/// Masks the parts that differ between any two agents: ports, identities, indexes, times.
enum Masking {
    static func masked(_ text: String, ports: [Int]) -> String {
        var text = text
        text.replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/, with: "<uuid>")
        text.replace(/(Create|Modify|Lock)Index(": ?| +)\d+/) {
            "\($0.output.1)Index\($0.output.2)0"
        }
        text.replace(/(X-Consul-Index: )\d+/) { "\($0.output.1)<index>" }
        text.replace(/(ContentHash": "|Contenthash: )[0-9a-f]+/) { "\($0.output.1)<hash>" }
        text.replace(/"LTime": ?\d+/, with: "\"LTime\": 0")
        text.replace(/127\.0\.0\.1:\d+->/, with: "<address>->")
        // Matches whole numbers only: a port's digits may be part of a size or a time too.
        text.replace(/\d+/) { number in
            ports.firstIndex { "\($0)" == number.output }.map { "<port \($0)>" }
                ?? String(number.output)
        }
        return text
    }

    static func masked(_ answer: RawAnswer, ports: [Int]) -> RawAnswer {
        RawAnswer(
            status: answer.status, headers: answer.headers.map { masked($0, ports: ports) },
            body: masked(answer.body, ports: ports))
    }
}
