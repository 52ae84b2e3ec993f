//! Which lane a wallet belongs to: the top bits of `PostgreSQL`'s own hash of its id.
//!
//! Citus places rows by the same hash, so that a lane's batch never spans two of its shards.

use super::ids::AccountId;

/// `PostgreSQL`'s `hashint8`: both halves folded into 32 bits, so that a small number hashes like
/// the same number in a narrower column, then Jenkins' final mix.
pub fn hash_int8(value: i64) -> u32 {
    let [b0, b1, b2, b3, b4, b5, b6, b7] = value.to_le_bytes();
    let low = u32::from_le_bytes([b0, b1, b2, b3]);
    let high = u32::from_le_bytes([b4, b5, b6, b7]);
    hash_word(low ^ if value >= 0 { high } else { !high })
}

/// The lane, of `lanes` (a power of two), that serves `wallet`.
pub fn lane_of(wallet: AccountId, lanes: usize) -> usize {
    let bits = lanes.max(1).trailing_zeros();
    if bits == 0 {
        return 0;
    }
    usize::try_from(hash_int8(wallet.0) >> 32_u32.saturating_sub(bits)).unwrap_or(0)
}

/// `hash_bytes_uint32` of `PostgreSQL`: its start value is 0x9e3779b9 + 4 + 3923095.
fn hash_word(word: u32) -> u32 {
    let start = 0x9e37_79b9_u32.wrapping_add(4).wrapping_add(3_923_095);
    let (mut a, mut b, mut c) = (start.wrapping_add(word), start, start);
    c = (c ^ b).wrapping_sub(b.rotate_left(14));
    a = (a ^ c).wrapping_sub(c.rotate_left(11));
    b = (b ^ a).wrapping_sub(a.rotate_left(25));
    c = (c ^ b).wrapping_sub(b.rotate_left(16));
    a = (a ^ c).wrapping_sub(c.rotate_left(4));
    b = (b ^ a).wrapping_sub(a.rotate_left(14));
    (c ^ b).wrapping_sub(b.rotate_left(24))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VECTORS: [(i64, u32); 8] = [
        (0, 4_022_255_791),
        (1, 2_389_907_270),
        (-1, 385_747_274),
        (42, 1_509_752_520),
        (i64::MAX, 2_770_616_247),
        (i64::MIN, 4_198_209_043),
        (224_395_067_392_000_001, 1_441_524_910),
        (4_294_967_296, 2_389_907_270),
    ];

    /// Printed by `SELECT hashint8(v)` on `PostgreSQL` 15, read as unsigned.
    #[test]
    fn hashes_as_postgresql_does() {
        for (value, hash) in VECTORS {
            assert_eq!(hash_int8(value), hash, "{value}");
        }
    }

    #[test]
    fn lanes_are_the_top_bits() {
        assert_eq!(lane_of(AccountId(1), 1), 0);
        for (value, hash) in VECTORS {
            let lane = usize::try_from(hash >> 30).unwrap();
            assert_eq!(lane_of(AccountId(value), 4), lane);
        }
    }
}
