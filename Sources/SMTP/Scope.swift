/// Whose affair a refusal is. Only that rests because of it.
package enum Scope: String, CaseIterable, Sendable {
    case recipient, message, sender, session, account, relay
}
