import Glibc
import NIOCore
import Platform
import Primitives
import Telemetry

extension HTTPConnection.Slot {
    init(_ head: RequestHead, mayStay: Bool) {
        isHead = head.method == "HEAD"
        isSafe = head.isSafe
        isHTTP10 = head.isHTTP10
        // An upgrade is not granted: the following bytes may not be HTTP.
        keepsAlive =
            mayStay && !head.asksClose && (!head.isHTTP10 || head.asksKeepAlive)
            && head.method != "CONNECT" && !head.asksUpgrade
        takesGzip = head.takesGzip
    }
}

extension HTTPConnection.Slot {
    /// Returns the rarely used fields, made at the first use.
    var extrasCreatingIfNeeded: HTTPConnection.Extras {
        mutating get {
            if let extras { return extras }
            let made = HTTPConnection.Extras()
            extras = made
            return made
        }
    }

    /// Returns the response with the headers that are added to every answer.
    func completed(_ response: HTTPResponse) -> HTTPResponse {
        guard let headers = extras?.headers else { return response }
        var response = response
        for (name, value) in headers where !response.headers.contains(name: name) {
            response.headers.add(name: name, value: value)
        }
        return response
    }
}

extension HTTPConnection.Slot {
    /// Called when the request is answered completely.
    func recordTime() { timing?.record(SystemClock.now() - timedSince) }
}

/// The bytes that a client has not received yet.
enum Unsent {
    /// In this process and in the kernel, which alone may hold megabytes for minutes.
    static func bytes(of channel: any Channel) -> Int {
        let own = try? channel.syncOptions?.getOption(.bufferedWritableBytes)
        let kernel = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { descriptor in
            var count: Int32 = 0
            return ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : 0
        }
        return (own ?? 0) + (kernel ?? 0)
    }
}
