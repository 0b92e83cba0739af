//! Names that are the same in every export and in no two places.

/// A UUID (RFC 9562, version 8) that is made of a field's and a cell's name, and of the count of cells of
/// that name before it.
pub fn uuid(field: &str, id: &str, count: usize) -> String {
    let name = format!("{field}\0{id}\0{count}");
    let half = |seed: u64| u128::from(hash(name.as_bytes(), seed));
    let bits = half(0) << 64 | half(1);
    let version = bits & !(0xF << 76) | 8 << 76;
    let variant = version & !(0b11 << 62) | 0b10 << 62;
    let digits = format!("{variant:032x}");
    let part = |from: usize, to: usize| &digits[from..to];
    let (low, middle, high) = (part(0, 8), part(8, 12), part(12, 16));
    format!("{low}-{middle}-{high}-{}-{}", part(16, 20), part(20, 32))
}

/// Whether a text is a UUID as QuPath writes them.
pub fn is_uuid(text: &str) -> bool {
    let hyphens = [8, 13, 18, 23];
    text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| match hyphens.contains(&at) {
                true => byte == b'-',
                false => byte.is_ascii_hexdigit(),
            })
}

/// FNV-1a (Fowler, Noll, Vo), its bits mixed at the end as in MurmurHash3: neighbouring names
/// differ in every bit.
fn hash(bytes: &[u8], seed: u64) -> u64 {
    let start = 0xCBF2_9CE4_8422_2325 ^ seed;
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3);
    let mut hash = bytes.iter().fold(start, step);
    for factor in [0xFF51_AFD7_ED55_8CCD, 0xC4CE_B9FE_1A85_EC53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_uuids_of_their_own() {
        let one = uuid("B5_141", "7", 0);
        assert!(is_uuid(&one), "{one}");
        assert_eq!(&one[14..15], "8");
        assert!("89ab".contains(&one[19..20]), "{one}");
        assert_eq!(one, uuid("B5_141", "7", 0));
        for other in [
            uuid("B5_142", "7", 0),
            uuid("B5_141", "8", 0),
            uuid("B5_141", "7", 1),
        ] {
            assert_ne!(one, other);
        }
        assert!(!is_uuid("7"));
    }
}
