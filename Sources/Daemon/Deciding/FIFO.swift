/// A queue on an array whose consumed front is dropped now and then.
struct FIFO<Element> {
    private var elements: [Element] = []
    private var head = 0

    init() {}

    var count: Int { elements.count - head }
    var isEmpty: Bool { head == elements.count }

    /// The element that is taken next.
    var first: Element? { head < elements.count ? elements[head] : nil }

    mutating func append(_ element: Element) { elements.append(element) }

    /// Puts an element before all others.
    mutating func prepend(_ element: Element) {
        if head == 0 { return elements.insert(element, at: 0) }
        head -= 1
        elements[head] = element
    }

    /// Takes the first element out, or returns nil.
    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head]
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: elements.capacity < 4096)
            head = 0
        } else if head > 1024, head > elements.count / 2 {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    /// Takes out every element for which `isGone` holds.
    mutating func removeAll(where isGone: (Element) -> Bool) {
        elements.removeFirst(head)
        head = 0
        elements.removeAll(where: isGone)
    }
}
