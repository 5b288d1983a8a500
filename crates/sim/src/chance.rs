//! Chance, all of it from one seed.

use std::time::Duration;

/// A source of chance that gives the same for the same seed on every machine (SplitMix64, Steele et al. 2014).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The source that begins at a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`; 0 if the limit is 0.
    pub const fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 { 0 } else { self.next() % limit }
    }

    /// Whether something happens that happens `permille` times in a thousand.
    pub const fn happens(&mut self, permille: u16) -> bool {
        permille > 0 && self.below(1000) < permille as u64
    }

    /// A time from `span.0` to `span.1`, both included.
    pub fn time(&mut self, span: (Duration, Duration)) -> Duration {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let width = nanos(span.1.saturating_sub(span.0));
        span.0 + Duration::from_nanos(if width == 0 { 0 } else { self.below(width.saturating_add(1)) })
    }

    /// One of some things.
    ///
    /// # Panics
    /// If there are none.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        assert!(!of.is_empty(), "chance needs something to choose from");
        &of[self.index(of.len())]
    }

    /// An index below `length`; 0 if the length is 0.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same() {
        let (mut a, mut b) = (Chance::new(7), Chance::new(7));
        assert!((0..100).all(|_| a.next() == b.next()));
        // The first output of SplitMix64 from seed 0, as published with the algorithm.
        assert_eq!(Chance::new(0).next(), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn a_time_stays_in_its_span() {
        let mut chance = Chance::new(1);
        let span = (Duration::from_micros(3), Duration::from_micros(5));
        assert!((0..1000).map(|_| chance.time(span)).all(|t| t >= span.0 && t <= span.1));
        assert_eq!(chance.time((span.1, span.1)), span.1);
    }
}
