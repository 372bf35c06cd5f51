internal import CMicroHTTPD
internal import Linux
internal import Text
internal import Time
internal import Web

/// One request on its way in, until it is answered.
final class Exchange {
    /// A longer body is not read.
    static let bodyLimit = 1 << 20

    /// As it stands in the request line.
    let target: [UInt8]
    private(set) var body: [UInt8] = []
    private(set) var isTooLarge = false
    /// The handler was called for the header.
    var isBegun = false
    /// The answer, once that is known.
    var response: Response?
    /// The connection is suspended until there is a response.
    var isWaiting = false
    var isOver = false

    init(target: [UInt8]) { self.target = target }

    func append(_ bytes: UnsafeRawBufferPointer) {
        if body.count + bytes.count > Exchange.bodyLimit {
            isTooLarge = true
            body = []
        }
        if !isTooLarge { body += bytes }
    }
}

/// A connection, and how long it has been awaited.
final class Visitor {
    let socket: Int32
    /// By the monotonic clock: since when its client owes us a request, or takes a response.
    var since: Int64
    /// It waits for us.
    var isOurs = false
    var isCut = false

    init(socket: Int32, since: Int64) {
        self.socket = socket
        self.since = since
    }
}

/// A request of libmicrohttpd as a value.
enum RequestReading {
    /// A request that cannot be read is answered at once.
    enum Result {
        case request(Request)
        case refused(Response)
    }

    static func read(
        method: String, exchange: Exchange, fields: [(name: String, value: String)]
    ) -> Result {
        guard let method = Request.Method(rawValue: method) else {
            var response = Response(405, text: "GET, HEAD and POST are understood")
            response.fields.append(("Allow", "GET, HEAD, POST"))
            return .refused(response)
        }
        if exchange.isTooLarge { return .refused(Response(413, text: "more than \(Exchange.bodyLimit) bytes")) }
        guard let target = Target(exchange.target) else { return .refused(Response(400, text: "not a path of a page")) }
        guard method == .post else { return .request(Request(method, target, fields: fields)) }
        let head = Request(method, target, fields: fields)
        let type = head.value("Content-Type")?.lowercasedASCII ?? ""
        guard exchange.body.isEmpty || type.begins(with: "application/x-www-form-urlencoded") else {
            return .refused(Response(415, text: "a form is needed: application/x-www-form-urlencoded"))
        }
        guard let form = Form(exchange.body) else { return .refused(Response(400, text: "the form cannot be read")) }
        return .request(Request(method, target, fields: fields, form: form))
    }
}
