/// FNV-1a of 64 bits: spreads names, but not against an attacker who chooses them.
///
/// Goes on from `hash`, that of the bytes before these.
@inlinable package func fnv1a(_ bytes: some Sequence<UInt8>, after hash: UInt64 = 0xCBF2_9CE4_8422_2325) -> UInt64 {
    var hash = hash
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
}
