internal import Wire

/// The MessagePack codec of a call, which follows from its types.
struct WireCodec<Request, Response>: Sendable {
    let encodeRequest: @Sendable (Request) -> [UInt8]
    let decodeRequest: @Sendable ([UInt8]) -> Result<Request, any Error>
    let encodeReply: @Sendable (Response) -> [UInt8]
    let decodeReply: @Sendable ([UInt8]) -> Result<Response, any Error>
}

extension WireCodec where Request: WireValue, Response: WireValue {
    init() {
        encodeRequest = { MessagePackWriter.encode($0) }
        decodeRequest = { bytes in Result { try MessagePackReader.decode(from: bytes) } }
        encodeReply = { MessagePackWriter.encode($0) }
        decodeReply = { bytes in Result { try MessagePackReader.decode(from: bytes) } }
    }
}
