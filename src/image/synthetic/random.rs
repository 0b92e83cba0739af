//! Random numbers that are the same on every machine, and the texture made from them.

/// SplitMix64 (Steele, Lea and Flood 2014). It is written here so that an example stays the same when a
/// dependency's generator changes.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// Uniform in `low..high`.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }

    pub(super) fn sign(&mut self) -> f32 {
        if self.next() & 1 == 0 { 1.0 } else { -1.0 }
    }

    pub(super) fn angle(&mut self) -> f32 {
        self.between(0.0, std::f32::consts::TAU)
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Chromatin: smooth noise in −1..1, whose grains are one unit wide.
pub(super) fn grain(x: f32, y: f32, seed: u64) -> f32 {
    let corner = |dx: f32, dy: f32| {
        let (i, j) = ((x.floor() + dx) as i32, (y.floor() + dy) as i32);
        let key = ((i as u32 as u64) << 32) | u64::from(j as u32);
        (mix(key ^ seed) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
    let (u, v) = (smooth(x - x.floor()), smooth(y - y.floor()));
    let blend = |a: f32, b: f32, t: f32| a + (b - a) * t;
    blend(
        blend(corner(0.0, 0.0), corner(1.0, 0.0), u),
        blend(corner(0.0, 1.0), corner(1.0, 1.0), u),
        v,
    )
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_numbers_are_those_of_split_mix_64() {
        // The reference C code's first outputs for this seed.
        let mut random = Random(1_234_567);
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!([random.next(), random.next(), random.next()], expected);
    }
}
