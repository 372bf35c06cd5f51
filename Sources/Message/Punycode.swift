/// The ASCII form of an internationalised label, without its `xn--`. RFC 3492.
enum Punycode {
    /// Nil if a number outgrows 32 bits, which no label of 63 characters does.
    static func encode(_ label: some Collection<Unicode.Scalar>) -> [UInt8]? {
        var output: [UInt8] = []
        for scalar in label where scalar.isASCII { output.append(UInt8(ascii: scalar)) }
        let basic = UInt32(output.count)
        if basic > 0 { output.append(UInt8(ascii: "-")) }
        var handled = basic
        var threshold: UInt32 = 128
        var delta: UInt32 = 0
        var bias: UInt32 = 72
        while handled < UInt32(label.count) {
            guard let next = label.lazy.map(\.value).filter({ $0 >= threshold }).min() else { return nil }
            let (step, tooFar) = (next - threshold).multipliedReportingOverflow(by: handled + 1)
            let (sum, tooMuch) = delta.addingReportingOverflow(step)
            if tooFar || tooMuch { return nil }
            delta = sum
            threshold = next
            for scalar in label {
                if scalar.value < threshold {
                    delta += 1
                } else if scalar.value == threshold {
                    appendNumber(delta, bias: bias, to: &output)
                    bias = adapted(delta, count: handled + 1, isFirst: handled == basic)
                    delta = 0
                    handled += 1
                }
            }
            delta += 1
            threshold += 1
        }
        return output
    }

    /// A generalised variable-length integer: section 3.3.
    private static func appendNumber(_ number: UInt32, bias: UInt32, to output: inout [UInt8]) {
        var rest = number
        var place: UInt32 = 36
        while true {
            let least = place <= bias ? 1 : min(place - bias, 26)
            if rest < least { break }
            output.append(digit(least + (rest - least) % (36 - least)))
            rest = (rest - least) / (36 - least)
            place += 36
        }
        output.append(digit(rest))
    }

    private static func digit(_ value: UInt32) -> UInt8 { UInt8(value < 26 ? 0x61 + value : 0x30 + value - 26) }

    /// Section 6.1.
    private static func adapted(_ delta: UInt32, count: UInt32, isFirst: Bool) -> UInt32 {
        var delta = isFirst ? delta / 700 : delta / 2
        delta += delta / count
        var bias: UInt32 = 0
        while delta > 455 {
            delta /= 35
            bias += 36
        }
        return bias + 36 * delta / (delta + 38)
    }
}
