//! Numbers of both kinds, and their order.

use std::cmp::Ordering;

/// A number of either kind.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number {
    Int(i128),
    Float(f64),
}

impl Number {
    pub(crate) fn as_float(self) -> f64 {
        match self {
            Number::Int(number) => number as f64,
            Number::Float(number) => number,
        }
    }

    pub(super) fn compare(self, other: Number) -> Option<Ordering> {
        match (self, other) {
            (Number::Int(left), Number::Int(right)) => Some(left.cmp(&right)),
            (Number::Int(left), Number::Float(right)) => int_and_float(left, right),
            (Number::Float(left), Number::Int(right)) => {
                int_and_float(right, left).map(Ordering::reverse)
            }
            (Number::Float(left), Number::Float(right)) => left.partial_cmp(&right),
        }
    }
}

/// Exactly, as Python does: not by rounding the whole number.
fn int_and_float(int: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() || float.abs() >= 1e38 {
        return 0.0.partial_cmp(&float);
    }
    let floor = float.floor();
    Some(int.cmp(&(floor as i128)).then(0.0.partial_cmp(&(float - floor))?))
}
