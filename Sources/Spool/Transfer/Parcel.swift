internal import Text

/// A job under way between two spools: its state, and the name that its file has until it has arrived.
package struct Parcel: Hashable, Sendable {
    package let id: JobID
    /// Random: it names this one claim, so that a later job of the same id is another parcel.
    package let token: JobID
    /// Where it comes from, and where it goes.
    package let state: State

    /// The states whose jobs are transferred; dead letters only on request.
    package static let states = State.waiting + [.hold, .dead]

    /// The longest token that another side may have chosen.
    private static let maximumTokenLength = 32

    /// A new parcel of a job, of a name that no other has had.
    package init(claiming id: JobID, from state: State) {
        self.id = id
        self.state = state
        token = JobID(JobID.random(characters: 12))!
    }

    /// The parcel whose file has that name, or nil.
    package init?(name: String, state: State) {
        guard let (id, token) = name.halves(at: "~"), let id = JobID(String(id)), let token = JobID(String(token)),
            token.text.utf8.count <= Parcel.maximumTokenLength
        else { return nil }
        self.id = id
        self.token = token
        self.state = state
    }

    /// `ID~TOKEN`: no id has a tilde.
    package var name: String { "\(id)~\(token)" }

    /// The state whose directory has that path; nil for one whose jobs are not transferred.
    package static func state(at path: String) -> State? { states.first { $0.path.isExactly(path) } }

    /// The fate of a parcel on the other side.
    package enum Answer: Equatable, Sendable {
        /// It is there, durable: here it goes.
        case arrived
        /// Nothing of it is there, and nothing will be: here it goes back to its state.
        case refused(String)
    }
}
