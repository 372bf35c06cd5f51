/// The bytes as xtext: printable ASCII as it is; space, `+`, `=`, controls and bytes above 126 as `+` and two
/// hexadecimal digits. RFC 3461 section 4.
package func xtext(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    for byte in bytes {
        if 0x21...0x7E ~= byte, byte != UInt8(ascii: "+"), byte != UInt8(ascii: "=") {
            text.append(byte)
        } else {
            text += [UInt8(ascii: "+"), hexadecimal(byte >> 4), hexadecimal(byte & 15)]
        }
    }
    return String(decoding: text, as: UTF8.self)
}

private func hexadecimal(_ digit: UInt8) -> UInt8 {
    digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10
}
