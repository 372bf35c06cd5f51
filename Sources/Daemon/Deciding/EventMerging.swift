internal import Spool
internal import Text

/// Makes one event of what many recipients met alike: a history grows with attempts, and not with recipients.
///
/// Recipients that were put off for replies that differ in an address or a number only are one event, too, once there are
/// many of them; the first one's reply stands for all.
struct EventMerging {
    /// So many events stay apart, whatever they say.
    private static let apart = 20

    private(set) var events: [Event] = []
    private var places: [Key: Int] = [:]

    private struct Key: Hashable {
        let kind: Event.Kind
        let code: Int?
        let dsn: ExactText?
        let text: ExactText?
    }

    /// Adds what a recipient met; `event` has no recipients.
    mutating func add(_ event: Event, to recipient: String) {
        // Most mails have one recipient: nothing is looked up for the first.
        if let first = events.first, places.isEmpty { places[key(of: first)] = 0 }
        if let place = events.isEmpty ? nil : places[key(of: event)] {
            events[place].to.append(recipient)
        } else {
            if !events.isEmpty { places[key(of: event)] = events.count }
            events.append(event)
            events[events.count - 1].to = [recipient]
        }
    }

    private func key(of event: Event) -> Key {
        let isOneOfMany = event.kind == .deferred && events.count >= EventMerging.apart
        let text = isOneOfMany ? nil : (event.reply ?? event.reason).map(ExactText.init(_:))
        return Key(kind: event.kind, code: event.code, dsn: event.dsn.map(ExactText.init(_:)), text: text)
    }
}
