//! Chance from a seed: the same seed makes the same choices.

/// A stream of numbers that look random (`SplitMix64`). Not for keys: whoever sees enough of it knows the rest.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// A stream.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(crate) const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next 32 bits.
    pub(crate) fn word(&mut self) -> u32 {
        u32::try_from(self.number() >> 32).unwrap_or_default()
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u32, high: u32) -> u32 {
        let span = u64::from(high.saturating_sub(low)) + 1;
        low.saturating_add(u32::try_from(self.number() % span).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_another_differs() {
        let stream = |seed| -> [u32; 4] {
            let mut chance = Chance::new(seed);
            core::array::from_fn(|_| chance.word())
        };
        assert_eq!(stream(1), stream(1));
        assert_ne!(stream(1), stream(2));
    }

    #[test]
    fn both_ends_are_met_and_nothing_beyond() {
        let mut chance = Chance::new(3);
        let mut met = [false; 4];
        for _ in 0..200 {
            met[chance.between(5, 8) as usize - 5] = true;
        }
        assert_eq!(met, [true; 4]);
        assert_eq!(chance.between(7, 7), 7);
        let _ = chance.between(0, u32::MAX);
    }
}
