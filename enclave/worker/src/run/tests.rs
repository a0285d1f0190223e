//! That many results have the same codes as each alone.

use visiting_intake::{Grid, Values};

use super::Coder;
use crate::wire::NONE;

#[test]
fn many_numbers_have_the_codes_of_each_alone() {
    let mut state = 7_u64;
    for grid in [
        Grid { low: 0, high: 1_000_001, step: 1, scale: 0 },
        Grid { low: -20, high: 1000, step: 5, scale: 1 },
        Grid { low: -3_000_000, high: -1, step: 1, scale: 6 },
        Grid { low: -(1 << 50), high: 1 << 50, step: 1 << 30, scale: 3 },
    ] {
        let coder = Coder::new(&Values::Number(grid));
        let (low, high) = (grid.low as f64 / 10_f64.powi(grid.scale.into()), grid.high as f64 / 10_f64.powi(grid.scale.into()));
        let mut values =
            vec![low, high, -0.0, 0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, low.next_down(), high.next_up(), f64::MIN_POSITIVE];
        for _ in 0..10_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            values.push(low + (high - low) * 1.1 * (state >> 11) as f64 / (1_u64 << 53) as f64);
            values.push(f64::from_bits(state));
        }
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let each: Vec<u32> = values.iter().map(|value| coder.number(*value)).collect();
        assert_eq!(coder.all(&bytes), each);
        assert!(each.iter().all(|code| *code == NONE || grid.units(*code).is_some()), "no code above the grid");
        assert_eq!((each[0], Some(each[1])), (0, grid.steps()));
    }
}
