package import JSON
internal import Text

/// The bytes of a job's file, taken apart: the producer's object, then the history.
package struct JobFile: Sendable {
    /// The object as the producer wrote it, white space before it included.
    package let object: ArraySlice<UInt8>
    package let value: JSON
    package let history: History
    /// Whether the last byte is a newline: an append begins with one if not.
    package let endsInNewline: Bool
    /// Whether the text behind the object is neither a history nor the beginning of one that a power cut tore, such as
    /// a second object.
    package let hasStrayText: Bool
    /// How long the file was.
    package let size: Int

    /// Takes the file apart. Text after the object that is not an event, such as a line torn by a power cut, is
    /// ignored; a fault of the object is thrown.
    package init(_ bytes: [UInt8]) throws(JSONError) {
        let (value, end) = try JSON.prefix(of: bytes)
        self.init(
            object: bytes[..<end], value: value, history: History(bytes[end...]), endsInNewline: bytes.last == 0x0A,
            rest: bytes[end...], size: bytes.count)
    }

    /// Makes it of its parts; `rest` is how the text behind the object begins.
    init(
        object: ArraySlice<UInt8>, value: JSON, history: History, endsInNewline: Bool, rest: ArraySlice<UInt8>,
        size: Int
    ) {
        self.object = object
        self.value = value
        self.history = history
        self.endsInNewline = endsInNewline
        self.size = size
        let rest = rest.drop(while: \.isSpace)
        hasStrayText = history.isEmpty && !rest.prefix(6).elementsEqual("{\"at\":".utf8.prefix(rest.count))
    }
}
