//! Whether a difference between two servers is one.
//!
//! Two runs that follow each other closely have the machine's mood in common; their ratio has less of it. So servers are
//! compared by the ratios of pairs, by two questions that must both be answered with yes:
//!
//! 1. Is it large? The **median** of the ratios is beyond the tolerance.
//! 2. Is it real? **Wilcoxon's signed-rank test** on the logarithms of the ratios, exact and one-sided. It asks how often
//!    chance alone would put this much weight on one side if the two servers were the same, and it trusts no
//!    distribution: under that hypothesis a ratio and its inverse are equally likely, because which of the two servers
//!    was which is only a name.

/// One in twenty judgements of two equal servers may say that the second is slower, over all measures together.
const FALSE_VERDICTS: f64 = 0.05;

/// What the pairs say about one measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Finding {
    /// The median of the ratios: above one means that the second is slower.
    pub(crate) ratio: f64,
    /// Between these the true median lies, as far as so few pairs can say: the smallest and the largest ratio but
    /// as many as chance allows.
    pub(crate) between: (f64, f64),
    /// How often chance alone would do this.
    pub(crate) chance: f64,
    /// What follows.
    pub(crate) verdict: Difference,
}

/// What is known of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// The second is slower, beyond tolerance and chance.
    Slower,
    /// The second is faster, beyond tolerance and chance.
    Faster,
    /// Nothing that could be told from chance, or nothing that is large.
    None,
}

/// Judges ratios of which more than one means slower. As many measures as are judged together share the allowance for
/// false verdicts (Bonferroni's correction). The two directions do not share it: only "slower" is held against anybody,
/// and "faster", which has as much again, is only a word.
pub(crate) fn judge(ratios: &[f64], tolerance: f64, measures: usize) -> Finding {
    let logs: Vec<f64> = ratios.iter().map(|ratio| ratio.ln()).collect();
    let ratio = median(ratios).unwrap_or(1.0);
    let level = FALSE_VERDICTS / measures.max(1) as f64;
    let slower = chance_of_more(&logs);
    let faster = chance_of_more(&logs.iter().map(|log| -log).collect::<Vec<_>>());
    let verdict = if ratio > 1.0 + tolerance && slower <= level {
        Difference::Slower
    } else if ratio < 1.0 / (1.0 + tolerance) && faster <= level {
        Difference::Faster
    } else {
        Difference::None
    };
    Finding { ratio, between: between(ratios, level), chance: slower.min(faster), verdict }
}

/// The middle one, or the mean of the two in the middle; none if there are none.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let sorted = sorted(values);
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted.get(sorted.len().saturating_sub(1) / 2)?;
    Some((lower + upper) / 2.0)
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The probability that differences which are as likely positive as negative have at least this much rank on the
/// positive side. Exact: counts all assignments of signs. Zeros say nothing and are left out; ties share their ranks.
fn chance_of_more(differences: &[f64]) -> f64 {
    let mut differences: Vec<f64> =
        differences.iter().copied().filter(|difference| *difference != 0.0).collect();
    differences.sort_by(|one, other| one.abs().total_cmp(&other.abs()));
    let ranks = doubled_ranks(&differences);
    let positive = differences.iter().zip(&ranks).filter(|(difference, _)| **difference > 0.0);
    let observed: usize = positive.map(|(_, rank)| rank).sum();

    // The probability of each sum, after each rank was given a sign.
    let mut chances = vec![0.0; ranks.iter().sum::<usize>() + 1];
    if let Some(nothing) = chances.first_mut() {
        *nothing = 1.0;
    }
    for rank in ranks {
        let without = chances.clone();
        for (sum, chance) in chances.iter_mut().enumerate() {
            let with = sum.checked_sub(rank).and_then(|rest| without.get(rest)).copied().unwrap_or_default();
            *chance = (*chance + with) / 2.0;
        }
    }
    chances.iter().skip(observed).sum()
}

/// Ranks by size, twice as large as usual so that the middle of a tie is a whole number.
fn doubled_ranks(sorted: &[f64]) -> Vec<usize> {
    let same = |one: f64, other: f64| (one.abs() - other.abs()).abs() <= f64::EPSILON;
    let rank = |value: &f64| {
        let below = sorted.iter().filter(|other| other.abs() < value.abs() && !same(**other, *value)).count();
        let ties = sorted.iter().filter(|other| same(**other, *value)).count();
        2 * below + ties + 1
    };
    sorted.iter().map(rank).collect()
}

/// An interval of the median by the sign test: it leaves out as many extremes on each side as the level allows.
fn between(ratios: &[f64], level: f64) -> (f64, f64) {
    let sorted = sorted(ratios);
    let mut outside = 0.5_f64.powi(i32::try_from(sorted.len()).unwrap_or(i32::MAX));
    let (mut tail, mut left_out) = (outside, 0);
    while tail <= level && 2 * (left_out + 1) < sorted.len() {
        left_out += 1;
        outside *= (sorted.len() - left_out + 1) as f64 / left_out as f64;
        tail += outside;
    }
    // `tail` is the chance of as many as `left_out` on one side, so one less can be left out.
    let skip = left_out.saturating_sub(1);
    let low = sorted.get(skip).copied().unwrap_or(1.0);
    let high = sorted.get(sorted.len().saturating_sub(1 + skip)).copied().unwrap_or(1.0);
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three measures of one comparison, as they are judged in earnest.
    const MEASURES: usize = 3;

    /// Numbers that look random and are the same every time.
    struct Chance(u64);

    impl Chance {
        fn uniform(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
        }

        fn normal(&mut self) -> f64 {
            (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
        }

        /// A measured time: noise of about this share, and now and then a neighbour who takes the machine away.
        fn time(&mut self, noise: f64) -> f64 {
            let outlier = if self.uniform() < 0.05 { 1.0 + 2.0 * self.uniform() } else { 1.0 };
            (noise * self.normal()).exp() * outlier
        }
    }

    /// In which share of so many comparisons of seven pairs at least one of three measures is called slower.
    fn called_slower(slowdown: f64, noise: f64) -> f64 {
        let mut chance = Chance(7);
        let rounds = 2000;
        let called = (0..rounds).filter(|_| {
            (0..MEASURES).any(|_| {
                let ratios: Vec<f64> =
                    (0..7).map(|_| slowdown * chance.time(noise) / chance.time(noise)).collect();
                judge(&ratios, 0.1, MEASURES).verdict == Difference::Slower
            })
        });
        called.count() as f64 / f64::from(rounds)
    }

    #[test]
    fn equal_servers_are_called_slower_in_less_than_one_of_twenty() {
        for noise in [0.01, 0.05, 0.2, 0.5] {
            let called = called_slower(1.0, noise);
            assert!(called < 0.05, "noise {noise}: {called}");
        }
    }

    #[test]
    fn a_server_slower_by_three_tenths_is_found() {
        assert!(called_slower(1.3, 0.02) > 0.95);
        assert!(called_slower(1.3, 0.05) > 0.95);
        assert!(called_slower(1.3, 0.1) > 0.75);
    }

    #[test]
    fn what_is_within_the_tolerance_is_no_verdict_however_sure_it_is() {
        let finding = judge(&[1.05, 1.051, 1.052, 1.053, 1.054, 1.055, 1.056], 0.1, 1);

        assert!(finding.chance < 0.01);
        assert_eq!(finding.verdict, Difference::None);
    }

    #[test]
    fn faster_and_slower_mirror_each_other() {
        let slower = [1.2, 1.25, 1.3, 1.35, 1.4, 1.45, 1.5];
        let faster = slower.map(|ratio| 1.0 / ratio);

        assert_eq!(judge(&slower, 0.1, 3).verdict, Difference::Slower);
        assert_eq!(judge(&faster, 0.1, 3).verdict, Difference::Faster);
    }

    #[test]
    fn chances_are_those_of_the_tables() {
        assert_eq!(chance_of_more(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), 1.0 / 128.0);
        assert_eq!(chance_of_more(&[-1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), 2.0 / 128.0);
        assert_eq!(chance_of_more(&[1.0, 2.0, -3.0, 4.0, 5.0, 6.0, 7.0]), 5.0 / 128.0);
        assert_eq!(chance_of_more(&[-1.0, -2.0, -3.0]), 1.0);
        assert_eq!(chance_of_more(&[]), 1.0);
    }

    #[test]
    fn ties_share_their_rank_and_zeros_say_nothing() {
        assert_eq!(doubled_ranks(&[1.0, -1.0, 3.0]), [3, 3, 6]);
        assert_eq!(chance_of_more(&[0.0, 0.0, 1.0]), 0.5);
    }

    #[test]
    fn the_interval_of_seven_pairs_is_all_of_them_and_of_many_is_narrow() {
        let seven: Vec<f64> = (1..=7).map(f64::from).collect();
        let many: Vec<f64> = (1..=101).map(f64::from).collect();

        assert_eq!(between(&seven, 0.025), (1.0, 7.0));
        let (low, high) = between(&many, 0.025);
        assert!(low > 35.0 && low < 45.0 && high > 57.0 && high < 67.0, "{low} {high}");
    }

    #[test]
    fn medians_of_few() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[4.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
