//! The gated MLP's non-linearity: `silu(gate) * up`, with `silu(x) = x / (1 + e^-x)`
//! (SwiGLU, arXiv:2002.05202).

/// Replaces `gate` by `silu(gate) * up`.
pub(crate) fn silu_times(gate: &mut [f32], up: &[f32]) {
    for (gate, up) in gate.iter_mut().zip(up) {
        *gate = *gate / (1.0 + (-*gate).exp()) * up;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::assert_close;

    #[test]
    fn silu_passes_large_and_stops_small_inputs() {
        let mut gate = vec![0.0, 100.0, -100.0, 1.0];
        silu_times(&mut gate, &[5.0, 0.5, 5.0, 1.0]);
        assert_close(&gate, &[0.0, 50.0, 0.0, 0.731_058_6], 1e-6);
    }
}
