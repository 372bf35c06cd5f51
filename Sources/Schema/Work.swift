/// How much may still be done for one value, in steps of a few nanoseconds.
///
/// A schema that branches and refers to itself, or a pattern of thousands of states over a long
/// text, could keep the daemon's one thread busy for hours; when the steps are used up the
/// value is refused instead.
struct Work {
    private(set) var left: Int

    var isExhausted: Bool { left <= 0 }

    mutating func spend(_ steps: Int) { left -= min(steps, left) }
}
