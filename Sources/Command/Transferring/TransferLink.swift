internal import Linux
internal import Spool

/// The requests of a transfer to the other side, in this order: the identity, a beginning, then batches of parcels,
/// each settled before its jobs are removed here.
protocol TransferLink: AnyObject {
    /// The identity of the spool there.
    var identity: String { get }
    /// How the other side is called in messages.
    var name: String { get }

    /// Begins the transfer of that name, with what is under way of it.
    func begin(_ transfer: JobID, underWay: [Parcel]) throws(TransferError)
    /// Sends a parcel's file, as long as it was when it was opened.
    func send(_ parcel: Parcel, _ contents: borrowing ParcelFile) throws(TransferError)
    /// Has the batch put into its states; the answers in the order of the parcels, durable there.
    func settle() throws(TransferError) -> [(Parcel, Parcel.Answer)]
    /// Says which jobs are gone here.
    func forget(_ parcels: [Parcel]) throws(TransferError)
    /// Asks for what became of a parcel that is not sent again.
    func withdraw(_ parcel: Parcel) throws(TransferError) -> Parcel.Answer
    /// Ends the session; the transfer, too, where nothing of it is left here.
    func end(isComplete: Bool) throws(TransferError)
}

/// The bytes of a parcel, a piece at a time.
func forEachPiece(
    of file: borrowing Descriptor, size: Int, at path: String,
    _ body: (UnsafeRawBufferPointer) throws(TransferError) -> Void
) throws(TransferError) {
    var offset = 0
    while offset < size {
        let most = min(pieceSize, size - offset)
        let piece: [UInt8]
        do throws(Errno) { piece = try file.readAll(from: offset, limit: most, sizeHint: offset + most - 1) } catch {
            throw .spool(SpoolError(.read, path, error))
        }
        if piece.isEmpty { throw .broken("\(path): the file became shorter") }
        var failure: TransferError?
        piece.withUnsafeBytes { bytes in do throws(TransferError) { try body(bytes) } catch { failure = error } }
        if let failure { throw failure }
        offset += piece.count
    }
}

private let pieceSize = 128 << 10

/// A spool that this process can open itself.
final class LocalLink: TransferLink {
    private let arrivals: Arrivals

    init(path: String) throws(TransferError) { arrivals = try Arrivals(path: path) }

    var identity: String { arrivals.identity }
    var name: String { arrivals.path }

    func begin(_ transfer: JobID, underWay: [Parcel]) throws(TransferError) {
        let kept = Set(underWay.map(\.name))
        try arrivals.begin(transfer) { kept.contains($0) }
    }

    func send(_ parcel: Parcel, _ contents: borrowing ParcelFile) throws(TransferError) {
        try arrivals.open(parcel, modified: contents.status.modified)
        try forEachPiece(of: contents.file, size: contents.status.size, at: parcel.name) {
            (piece) throws(TransferError) in
            try arrivals.write(piece)
        }
        try arrivals.close()
    }

    func settle() throws(TransferError) -> [(Parcel, Parcel.Answer)] { try arrivals.settle() }
    func forget(_ parcels: [Parcel]) throws(TransferError) { try arrivals.forget(parcels) }
    func withdraw(_ parcel: Parcel) throws(TransferError) -> Parcel.Answer { try arrivals.withdraw(parcel) }
    func end(isComplete: Bool) throws(TransferError) { if isComplete { try arrivals.end() } }
}
