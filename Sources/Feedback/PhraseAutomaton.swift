/// Finds many phrases in one pass over a text: Aho and Corasick, 1975.
///
/// The time is linear in the text, whatever the phrases are.
struct PhraseAutomaton: Sendable {
    private var next: [[UInt8: Int32]] = [[:]]
    private var failure: [Int32] = [0]
    /// The phrase that ends at a state.
    private var phrase: [Int32?] = [nil]
    /// The nearest state on the way of failures at which a phrase ends.
    private var output: [Int32] = [0]
    private(set) var lengths: [Int] = []

    /// Each phrase is given once; it is its own index in what `find` says.
    init(_ phrases: [[UInt8]]) {
        for (index, bytes) in phrases.enumerated() {
            lengths.append(bytes.count)
            var state: Int32 = 0
            for byte in bytes {
                if let known = next[Int(state)][byte] {
                    state = known
                } else {
                    let new = Int32(next.count)
                    next.append([:])
                    failure.append(0)
                    phrase.append(nil)
                    output.append(0)
                    next[Int(state)][byte] = new
                    state = new
                }
            }
            phrase[Int(state)] = Int32(index)
        }
        var queue = next[0].values.sorted()
        var first = 0
        while first < queue.count {
            let state = queue[first]
            first += 1
            for (byte, child) in next[Int(state)].sorted(by: { $0.key < $1.key }) {
                queue.append(child)
                var back = failure[Int(state)]
                while back != 0, next[Int(back)][byte] == nil { back = failure[Int(back)] }
                let target = next[Int(back)][byte] ?? 0
                failure[Int(child)] = target
                output[Int(child)] = phrase[Int(target)] != nil ? target : output[Int(target)]
            }
        }
    }

    /// Calls `found` for each occurrence, in the order in which they end.
    func find(in text: some Sequence<UInt8>, _ found: (_ phrase: Int, _ range: Range<Int>) -> Void) {
        var state: Int32 = 0
        for (index, byte) in text.enumerated() {
            while state != 0, next[Int(state)][byte] == nil { state = failure[Int(state)] }
            state = next[Int(state)][byte] ?? 0
            var ending = phrase[Int(state)] != nil ? state : output[Int(state)]
            while ending != 0, let number = phrase[Int(ending)] {
                found(Int(number), (index + 1 - lengths[Int(number)])..<(index + 1))
                ending = output[Int(ending)]
            }
        }
    }
}
