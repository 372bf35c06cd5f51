/// SHA-256 (FIPS 180-4): for the fingerprints of certificates, of which libcurl knows only those of their keys, and for
/// ids that are made from what they name.
package enum SHA256 {
    /// The 32 bytes of the digest.
    package static func digest(_ message: [UInt8]) -> [UInt8] {
        var state = State()
        state.end(message)
        return state.bytes
    }

    /// A digest under way, after a whole number of blocks.
    struct State {
        private var words = SHA256.initial
        private var length: UInt64 = 0

        /// Takes one block of 64 bytes.
        mutating func take(block: [UInt8]) {
            length += 64
            block.withUnsafeBufferPointer { mix($0[...]) }
        }

        /// Takes what is left, and ends the digest.
        mutating func end(_ rest: [UInt8]) {
            length += UInt64(rest.count)
            let whole = rest.count & ~63
            rest.withUnsafeBufferPointer { buffer in
                for start in stride(from: 0, to: whole, by: 64) { mix(buffer[start..<start + 64]) }
            }
            var last = Array(rest[whole...])
            last.reserveCapacity(128)
            last.append(0x80)
            while last.count % 64 != 56 { last.append(0) }
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                last.append(UInt8(truncatingIfNeeded: (length << 3) >> shift))
            }
            last.withUnsafeBufferPointer { buffer in
                for start in stride(from: 0, to: buffer.count, by: 64) { mix(buffer[start..<start + 64]) }
            }
        }

        /// The 32 bytes, once it has ended.
        var bytes: [UInt8] {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(32)
            for word in words {
                for shift in stride(from: UInt32(24), through: 0, by: -8) {
                    bytes.append(UInt8(truncatingIfNeeded: word >> shift))
                }
            }
            return bytes
        }

        private mutating func mix(_ block: Slice<UnsafeBufferPointer<UInt8>>) {
            let block = UnsafeBufferPointer(rebasing: block)
            words = withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { schedule in
                for index in 0..<16 {
                    let place = index * 4
                    schedule[index] =
                        UInt32(block[place]) << 24 | UInt32(block[place + 1]) << 16 | UInt32(block[place + 2]) << 8
                        | UInt32(block[place + 3])
                }
                return SHA256.mixed(words, schedule)
            }
        }
    }

    /// The state after a block whose 16 words begin the schedule, which is filled in here.
    private static func mixed(_ state: [UInt32], _ words: UnsafeMutableBufferPointer<UInt32>) -> [UInt32] {
        for index in 16..<64 {
            let (late, early) = (words[index - 2], words[index - 15])
            let first = turn(early, 7) ^ turn(early, 18) ^ early >> 3
            let second = turn(late, 17) ^ turn(late, 19) ^ late >> 10
            words[index] = words[index - 16] &+ first &+ words[index - 7] &+ second
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        constants.withUnsafeBufferPointer { constants in
            for index in 0..<64 {
                let choice = e & f ^ ~e & g
                let first = h &+ (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) &+ choice &+ constants[index] &+ words[index]
                let majority = a & b ^ a & c ^ b & c
                let second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) &+ majority
                (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
            }
        }
        return [
            state[0] &+ a, state[1] &+ b, state[2] &+ c, state[3] &+ d, state[4] &+ e, state[5] &+ f, state[6] &+ g,
            state[7] &+ h,
        ]
    }

    private static func turn(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }

    /// The fractions of the square roots of the first 8 primes.
    private static let initial: [UInt32] = [
        0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
    ]

    /// The fractions of the cube roots of the first 64 primes.
    private static let constants: [UInt32] = [
        0x428A_2F98, 0x7137_4491, 0xB5C0_FBCF, 0xE9B5_DBA5, 0x3956_C25B, 0x59F1_11F1, 0x923F_82A4, 0xAB1C_5ED5,
        0xD807_AA98, 0x1283_5B01, 0x2431_85BE, 0x550C_7DC3, 0x72BE_5D74, 0x80DE_B1FE, 0x9BDC_06A7, 0xC19B_F174,
        0xE49B_69C1, 0xEFBE_4786, 0x0FC1_9DC6, 0x240C_A1CC, 0x2DE9_2C6F, 0x4A74_84AA, 0x5CB0_A9DC, 0x76F9_88DA,
        0x983E_5152, 0xA831_C66D, 0xB003_27C8, 0xBF59_7FC7, 0xC6E0_0BF3, 0xD5A7_9147, 0x06CA_6351, 0x1429_2967,
        0x27B7_0A85, 0x2E1B_2138, 0x4D2C_6DFC, 0x5338_0D13, 0x650A_7354, 0x766A_0ABB, 0x81C2_C92E, 0x9272_2C85,
        0xA2BF_E8A1, 0xA81A_664B, 0xC24B_8B70, 0xC76C_51A3, 0xD192_E819, 0xD699_0624, 0xF40E_3585, 0x106A_A070,
        0x19A4_C116, 0x1E37_6C08, 0x2748_774C, 0x34B0_BCB5, 0x391C_0CB3, 0x4ED8_AA4A, 0x5B9C_CA4F, 0x682E_6FF3,
        0x748F_82EE, 0x78A5_636F, 0x84C8_7814, 0x8CC7_0208, 0x90BE_FFFA, 0xA450_6CEB, 0xBEF9_A3F7, 0xC671_78F2,
    ]
}
