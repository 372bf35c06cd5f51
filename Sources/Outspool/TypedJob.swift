internal import Linux

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
    /// The template's `schema.json` as text, by which parameters are judged when the job is submitted; nil, unless
    /// declared, leaves that to the daemon. Types that `outspool types` makes have it.
    static var schema: String? { get }
}

extension TypedJob {
    public static var schema: String? { nil }

    /// The name of the type in kebab case: `OrderShipped` gives `order-shipped`, `HTMLReport` gives `html-report`.
    public static var template: String { TemplateNames.name(of: Self.self) }
}

/// The names that types have by themselves, once they were worked out: a type's name takes the runtime longer to tell
/// than the rest of a job takes to encode.
private enum TemplateNames {
    private static let known = Monitor<[ObjectIdentifier: String]>([:])

    static func name(of type: any TypedJob.Type) -> String {
        known.withLock { known in
            if let name = known[ObjectIdentifier(type)] { return name }
            let name = kebabCase(String(describing: type))
            known[ObjectIdentifier(type)] = name
            return name
        }
    }
}

/// Words begin at a capital behind a small letter or digit, and at the last of several capitals
/// if a small letter follows. What is not ASCII, which no template's name has, stays as it is.
func kebabCase(_ name: String) -> String {
    let letters = Array(name.utf8)
    func isCapital(_ letter: UInt8) -> Bool { (0x41...0x5A).contains(letter) }
    var kebab: [UInt8] = []
    kebab.reserveCapacity(letters.count + 8)
    for (index, letter) in letters.enumerated() {
        guard isCapital(letter) else {
            kebab.append(letter == UInt8(ascii: "_") ? UInt8(ascii: "-") : letter)
            continue
        }
        let isFollowedBySmall = index + 1 < letters.count && (0x61...0x7A).contains(letters[index + 1])
        if index > 0, !isCapital(letters[index - 1]) || isFollowedBySmall { kebab.append(UInt8(ascii: "-")) }
        kebab.append(letter | 0x20)
    }
    return String(decoding: kebab, as: UTF8.self)
}
