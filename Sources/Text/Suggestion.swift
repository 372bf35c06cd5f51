/// The one of `names` that `word` is most likely a slip for, the first of several; nil if none is close enough.
///
/// Close are at most two bytes to add, drop or change, fewer than either name has; upper and lower case of ASCII are
/// the same. Names longer than 40 bytes are neither guessed nor guessed at, so that a hostile one costs nothing.
package func nearest(to word: String, among names: some Sequence<String>) -> String? {
    let longest = 40
    let letters = folded(word)
    if letters.count > longest { return nil }
    var best: (distance: Int, name: String)?
    for name in names where name.utf8.count <= longest {
        let other = folded(name)
        let distance = editDistance(letters, other)
        if distance <= 2, distance < min(letters.count, other.count), distance < best?.distance ?? .max {
            best = (distance, name)
        }
    }
    return best?.name
}

/// `; did you mean 'from'?`, when one of `names` is ``nearest(to:among:)`` to `word`, or nothing. For the end of a
/// message about `word`, on one line.
package func suggestion(for word: String, among names: some Sequence<String>) -> String {
    nearest(to: word, among: names).map { "; did you mean '\(printable($0))'?" } ?? ""
}

private func folded(_ word: String) -> [UInt8] { word.utf8.map(\.lowercased) }

/// How many insertions, deletions and replacements of one byte make `right` of `left`. (Levenshtein.)
func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (i, byte) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, other) in right.enumerated() {
            let replaced = diagonal + (byte == other ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
        }
    }
    return row[right.count]
}
