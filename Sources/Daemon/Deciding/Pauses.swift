internal import Linux

/// The `pause` files that are in the spool: while one is there, nothing new starts.
struct Pauses: Equatable {
    private(set) var all = false
    private(set) var templates: Set<String> = []
    private(set) var relays: Set<String> = []

    /// Takes note of a file; false when its name is none of a pause.
    mutating func insert(_ name: String) -> Bool { set(name, true) }
    mutating func remove(_ name: String) -> Bool { set(name, false) }

    private mutating func set(_ name: String, _ isThere: Bool) -> Bool {
        if name == "pause" {
            all = isThere
        } else if name.hasPrefix("pause.template.") {
            Pauses.change(&templates, String(name.dropFirst("pause.template.".count)), isThere)
        } else if name.hasPrefix("pause.relay.") {
            Pauses.change(&relays, String(name.dropFirst("pause.relay.".count)), isThere)
        } else {
            return false
        }
        return true
    }

    private static func change(_ set: inout Set<String>, _ name: String, _ isThere: Bool) {
        if isThere { set.insert(name) } else { set.remove(name) }
    }

    func holds(template: String?) -> Bool { template.map(templates.contains) ?? false }
    func holds(relay: String) -> Bool { relays.contains(relay) }
    var isEmpty: Bool { !all && templates.isEmpty && relays.isEmpty }
}
