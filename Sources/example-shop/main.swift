import Glibc
import Outspool

// An application that sends mail: it queues one and prints its id. Where the spool is, the
// environment says, OUTSPOOL_SPOOL. The daemon need not run.
//
// OrderShipped is made from etc/templates/order-shipped by the build: see outspool-types.conf.

/// Writes one line; false if it could not be written.
func write(line: String, to descriptor: Int32) -> Bool {
    let bytes = Array("\(line)\n".utf8)
    return write(descriptor, bytes, bytes.count) == bytes.count
}

let order = OrderShipped(
    orderId: 1043, carrier: "DHL",
    items: [
        .init(name: "Teapot \"Brown Betty\", 1.1 l", quantity: 1, price: "€ 38.00"),
        .init(name: "Tea strainer", quantity: 2, price: "€ 7.20"),
    ],
    trackingUrl: "https://tracking.example.com/?parcel=00340434161094027318")

do throws(SubmitError) {
    let spool = try Spool()
    let id = try spool.submit(order, to: "Zoë <zoe@example.com>")
    exit(write(line: id, to: 1) ? 0 : EX_IOERR)
} catch {
    // The exit status says it; the line may have no reader.
    _ = write(line: "example-shop: \(error)", to: 2)
    switch error {
    // The job is wrong, and would be tomorrow.
    case .invalid: exit(EX_DATAERR)
    // A full disk, or no spool yet: the same call can succeed later.
    default: exit(EX_TEMPFAIL)
    }
}
