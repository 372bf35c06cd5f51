/// `; did you mean 'minLength'?`, when one of `names` is close enough to `name`, or nothing.
func suggestion(for name: String, among names: some Sequence<String>) -> String {
    let longest = 40
    guard name.utf8.count <= longest else { return "" }
    var best: (distance: Int, name: String)?
    for candidate in names where candidate.utf8.count <= longest {
        let distance = editDistance(Array(name.utf8), Array(candidate.utf8))
        if distance <= 2, distance < name.utf8.count, distance < best?.distance ?? .max { best = (distance, candidate) }
    }
    return best.map { "; did you mean '\(shown($0.name, longest: longest))'?" } ?? ""
}

/// How many insertions, deletions and replacements of one byte make `right` of `left`.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
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
