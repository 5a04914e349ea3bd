import HummingbirdCore
import NIOCore
import NIOHTTPTypes

/// Closes a connection whose client neither finishes its request nor takes its answer.
///
/// Requests behind one that is not answered yet are left unread by NIO once there are a few, and answers are written one
/// after the other; so such a client costs a connection and what the kernel buffers, until it is closed.
final class ConnectionWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let connections: OpenConnections
    private let limit: TimeAmount
    /// Requests that have begun to arrive and are not answered yet.
    private var requests = 0
    /// Parts of answers that the kernel has not taken yet.
    private var parts = 0
    private var arrival: Scheduled<Void>?
    private var departure: Scheduled<Void>?

    /// - Parameter limit: How long a request may take to arrive, and how long a part of an answer may wait to be taken.
    init(_ connections: OpenConnections, limit: TimeAmount) {
        self.connections = connections
        self.limit = limit
    }

    func handlerAdded(context: ChannelHandlerContext) {
        connections.add(context.channel)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        arrival?.cancel()
        departure?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            requests += 1
            arrival?.cancel()
            arrival = deadline(context)
            connections.noteUse(of: context.channel, isIdle: false)
        case .body: break
        case .end:
            arrival?.cancel()
            arrival = nil
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var isEnd = false
        if case .end = unwrapOutboundIn(data) { isEnd = true }
        parts += 1
        if departure == nil { departure = deadline(context) }
        let taken = promise ?? context.eventLoop.makePromise(of: Void.self)
        taken.futureResult.assumeIsolated().whenSuccess { self.noteTaken(isEnd: isEnd, context) }
        context.write(data, promise: taken)
    }

    private func noteTaken(isEnd: Bool, _ context: ChannelHandlerContext) {
        parts -= 1
        if isEnd { requests -= 1 }
        departure?.cancel()
        departure = parts > 0 ? deadline(context) : nil
        connections.noteUse(of: context.channel, isIdle: requests == 0)
    }

    private func deadline(_ context: ChannelHandlerContext) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: limit) { context.close(promise: nil) }
    }
}

@available(*, unavailable)
extension ConnectionWatch: Sendable {}
