/// The parameters of one template, as a type: a misspelt name does not compile.
///
/// ```swift
/// struct OrderShipped: TypedJob {      // template order-shipped
///     let orderId: Int
///     let carrier: String
/// }
/// ```
///
/// Its properties become the job's `params`, dates as RFC 3339, `[UInt8]` and `Data` as
/// `Codable` has them. It must encode as an object.
public protocol TypedJob: Encodable {
    /// The template's name; unless declared, the name of the type in kebab case.
    static var template: String { get }
}

extension TypedJob {
    /// The name of the type in kebab case: `OrderShipped` gives `order-shipped`, `HTMLReport` gives `html-report`.
    public static var template: String { kebabCase(String(describing: Self.self)) }
}

/// Words begin at a capital behind a small letter or digit, and at the last of several capitals
/// if a small letter follows.
func kebabCase(_ name: String) -> String {
    let letters = Array(name)
    var kebab = ""
    for (index, letter) in letters.enumerated() {
        let isFollowedBySmall = index + 1 < letters.count && letters[index + 1].isLowercase
        if index > 0, letter.isUppercase, !letters[index - 1].isUppercase || isFollowedBySmall { kebab += "-" }
        kebab += letter == "_" ? "-" : letter.lowercased()
    }
    return kebab
}
