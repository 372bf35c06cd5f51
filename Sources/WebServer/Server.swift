internal import CMicroHTTPD
package import EventLoop
internal import Glibc
package import Linux
internal import Time
package import Web

/// HTTP on one listening socket, on the loop: requests in, ``Reply`` out. See libmicrohttpd(3).
///
/// Bounded are the connections, the memory of each, the bytes of a request, and the time that a client may take for it.
package final class Server {
    /// How many connections are served at once; others wait in the kernel.
    static let connections: UInt32 = 100
    /// Bytes of a connection: its header has to fit.
    static let memory = 32 << 10
    /// How long a client may take for a request, or for its response, in nanoseconds; and when most connections are taken.
    static let patience: Int64 = 20_000_000_000
    static let shortPatience: Int64 = 2_000_000_000

    /// The outcome of a request: a response now, or later by calling the closure that ``handle`` got.
    package enum Reply {
        case now(Response)
        case later
    }

    private let loop: EventLoop
    private let socket: Descriptor
    private let handle: (Request, @escaping (Response) -> Void) -> Reply
    private var daemon: OpaquePointer?
    private var watch: EventLoop.Watch?
    private var timer: EventLoop.Timer?
    private var visitors: [OpaquePointer: Visitor] = [:]
    private var isRunning = false

    /// Serves from now on, when the loop runs.
    /// - Parameter handle: called with each request, and with what sends its response later.
    package init(
        on socket: consuming Descriptor, loop: EventLoop,
        handle: @escaping (Request, @escaping (Response) -> Void) -> Reply
    ) throws(Errno) {
        self.loop = loop
        self.handle = handle
        self.socket = socket
        var settings = cmhd_settings()
        settings.socket = self.socket.raw
        settings.context = Unmanaged.passUnretained(self).toOpaque()
        settings.connections = Server.connections
        settings.memory = Server.memory
        settings.timeout = 30
        settings.uri = { _, uri, _ in
            let target = uri.map { Array(UnsafeRawBufferPointer(start: $0, count: min(strlen($0), Target.limit + 1))) }
            return Unmanaged.passRetained(Exchange(target: target ?? [])).toOpaque()
        }
        settings.handle = { context, connection, _, method, _, bytes, size, slot in
            guard let context, let connection, let method, let slot, let exchange = slot.pointee else {
                return cmhd_result(0)
            }
            return Unmanaged<Server>.fromOpaque(context).takeUnretainedValue().received(
                Unmanaged<Exchange>.fromOpaque(exchange).takeUnretainedValue(), of: connection,
                method: String(cString: method), bytes: bytes, size: size)
        }
        settings.completed = { context, connection, slot, _ in
            guard let context, let connection else { return }
            let server = Unmanaged<Server>.fromOpaque(context).takeUnretainedValue()
            server.visitors[connection]?.since = Clock.monotonic
            server.visitors[connection]?.isOurs = false
            guard let slot, let exchange = slot.pointee else { return }
            slot.pointee = nil
            let ended = Unmanaged<Exchange>.fromOpaque(exchange).takeRetainedValue()
            ended.isOver = true
        }
        settings.connection = { context, connection, _, code in
            guard let context, let connection else { return }
            let server = Unmanaged<Server>.fromOpaque(context).takeUnretainedValue()
            if cmhd_has_begun(code) != 0 {
                server.visitors[connection] = Visitor(socket: cmhd_socket(connection), since: Clock.monotonic)
            } else {
                server.visitors[connection] = nil
            }
        }
        daemon = cmhd_start(&settings)
        guard let daemon else { throw Errno.last }
        watch = try loop.watch(cmhd_epoll(daemon), for: .read) { [unowned self] _ in run() }
        loop.schedule(after: .seconds(1)) { [weak self] in self?.lookAround() }
        scheduleRun()
    }

    /// Ends all connections.
    package func stop() {
        guard let daemon else { return }
        watch?.cancel()
        timer?.cancel()
        self.daemon = nil
        // It insists that none is suspended.
        for connection in visitors where connection.value.isOurs { MHD_resume_connection(connection.key) }
        MHD_stop_daemon(daemon)
    }

    deinit { stop() }

    /// One round of libmicrohttpd: callbacks come from here only.
    private func run() {
        guard let daemon, !isRunning else { return }
        isRunning = true
        MHD_run(daemon)
        isRunning = false
        scheduleRun()
    }

    private func scheduleRun() {
        guard let daemon else { return }
        timer?.cancel()
        let wait = cmhd_timeout(daemon)
        if wait >= 0 { timer = loop.schedule(after: .milliseconds(min(wait, 1000))) { [weak self] in self?.run() } }
    }

    /// Cuts off clients that take too long: a byte now and then does not keep a connection.
    private func lookAround() {
        if daemon == nil { return }
        let isFull = visitors.count * 4 > Int(Server.connections) * 3
        let patience = isFull ? Server.shortPatience : Server.patience
        let now = Clock.monotonic
        for visitor in visitors.values where !visitor.isOurs && !visitor.isCut && now - visitor.since > patience {
            visitor.isCut = true
            // libmicrohttpd hears of it and closes.
            _ = shutdown(visitor.socket, Int32(SHUT_RDWR))
        }
        loop.schedule(after: .seconds(1)) { [weak self] in self?.lookAround() }
        run()
    }

    private func received(
        _ exchange: Exchange, of connection: OpaquePointer, method: String, bytes: UnsafePointer<CChar>?,
        size: UnsafeMutablePointer<Int>?
    ) -> MHD_Result {
        if let response = exchange.response { return send(response, to: connection) }
        if !exchange.isBegun {
            exchange.isBegun = true
            // A refusal before the body saves it its way.
            if let length = cmhd_field(connection, "Content-Length"),
                let count = Int(String(cString: length)), count > Exchange.bodyLimit
            {
                return send(Response(413, text: "more than \(Exchange.bodyLimit) bytes"), to: connection)
            }
            return cmhd_result(1)
        }
        if let size, size.pointee > 0 {
            if let bytes { exchange.append(UnsafeRawBufferPointer(start: bytes, count: size.pointee)) }
            size.pointee = 0
            // The rest is not waited for.
            return cmhd_result(exchange.isTooLarge ? 0 : 1)
        }
        visitors[connection]?.since = Clock.monotonic
        let request: Request
        switch RequestReading.read(method: method, exchange: exchange, fields: fields(of: connection)) {
        case .refused(let response): return send(response, to: connection)
        case .request(let read): request = read
        }
        let reply = handle(request) { [weak self, weak exchange] response in
            guard let self, let exchange, !exchange.isOver, exchange.isWaiting else { return }
            exchange.response = response
            exchange.isWaiting = false
            visitors[connection]?.isOurs = false
            visitors[connection]?.since = Clock.monotonic
            MHD_resume_connection(connection)
            loop.later { [weak self] in self?.run() }
        }
        switch reply {
        case .now(let response): return send(response, to: connection)
        case .later:
            exchange.isWaiting = true
            visitors[connection]?.isOurs = true
            MHD_suspend_connection(connection)
            return cmhd_result(1)
        }
    }

    private func fields(of connection: OpaquePointer) -> [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        withUnsafeMutablePointer(to: &fields) { list in
            cmhd_fields(
                connection,
                { context, _, name, value in
                    guard let list = context?.assumingMemoryBound(to: [(name: String, value: String)].self), let name
                    else { return cmhd_result(1) }
                    list.pointee.append((String(cString: name), value.map { String(cString: $0) } ?? ""))
                    return cmhd_result(1)
                }, list)
        }
        return fields
    }

    private func send(_ response: Response, to connection: OpaquePointer) -> MHD_Result {
        let made = response.body.withUnsafeBytes { cmhd_response($0.baseAddress, $0.count) }
        guard let made else { return cmhd_result(0) }
        defer { MHD_destroy_response(made) }
        for field in response.fields where cmhd_is_good(MHD_add_response_header(made, field.name, field.value)) == 0 {
            // A value that HTTP cannot carry.
            return cmhd_result(0)
        }
        return MHD_queue_response(connection, UInt32(response.status), made)
    }
}
