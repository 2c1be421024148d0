//! Numerical integration, for what is an integral over a path.

/// The nodes and weights of Gauss-Legendre quadrature over 0..1, in order of the nodes: the sum of
/// `weight * f(node)` is the integral of `f`, exactly for polynomials up to degree
/// `2 * points - 1`.
///
/// Nodes are the roots of the Legendre polynomial `P` of that degree, moved from -1..1, found by
/// Newton's iteration from `cos(pi (i + 3/4) / (points + 1/2))`; weights are `1 / ((1 - x^2) P'(x)^2)`
/// (Abramowitz and Stegun 25.4.29 and 22.16.6). Both are right to 1e-12 for up to 1000 points at
/// least.
pub fn gauss_legendre(points: usize) -> Vec<(f64, f64)> {
    let mut rule = vec![(0.0, 0.0); points];
    // Roots lie symmetrically.
    for i in 0..points.div_ceil(2) {
        let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (points as f64 + 0.5)).cos();
        if 2 * i + 1 == points {
            x = 0.0;
        }
        let mut slope = legendre(points, x).1;
        // It converges in some five steps; the limit is for rounding that goes to and fro.
        for _ in 0..20 {
            let (value, slope_here) = legendre(points, x);
            let step = value / slope_here;
            x -= step;
            slope = legendre(points, x).1;
            if step.abs() < 1e-15 {
                break;
            }
        }
        let weight = 1.0 / ((1.0 - x) * (1.0 + x) * slope * slope);
        rule[i] = ((1.0 - x) / 2.0, weight);
        rule[points - 1 - i] = ((1.0 + x) / 2.0, weight);
    }
    rule
}

/// A rule of few points whose nodes are some of a longer rule's: the place and the weight of each. The
/// nodes are those nearest to the nodes of the Gauss-Legendre rule of that many points, and the rule is
/// exact for polynomials below the degree `points`. The longer rule must have three times as many at
/// least.
///
/// The weight of a node is the integral of the polynomial that is 1 there and 0 at the others, which the
/// longer rule gives exactly.
pub fn part_of(rule: &[(f64, f64)], points: usize) -> Vec<(usize, f64)> {
    let nearest = |wanted: f64| {
        let distance = |place: &usize| (rule[*place].0 - wanted).abs();
        (0..rule.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)))
    };
    let places: Vec<usize> =
        gauss_legendre(points).into_iter().filter_map(|(node, _)| nearest(node)).collect();
    let node = |place: usize| rule[place].0;
    let weight_of = |place: usize| {
        let others = places.iter().filter(|other| **other != place);
        let at = |x: f64| {
            let factors = others.clone().map(|o| (x - node(*o)) / (node(place) - node(*o)));
            factors.product::<f64>()
        };
        rule.iter().map(|(x, weight)| weight * at(*x)).sum()
    };
    places.iter().map(|place| (*place, weight_of(*place))).collect()
}

/// The Legendre polynomial of a degree and its slope, by the recurrence
/// `k P_k = (2k - 1) x P_(k-1) - (k - 1) P_(k-2)`.
fn legendre(degree: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (0.0, 1.0);
    for k in 1..=degree {
        let k = k as f64;
        (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
    }
    let slope = degree as f64 * (before - x * value) / ((1.0 - x) * (1.0 + x));
    (value, slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_rules() {
        let root = |x: f64| x.sqrt();
        for (points, expected) in [
            (0, vec![]),
            (1, vec![(0.0, 2.0)]),
            (2, vec![(-root(1.0 / 3.0), 1.0), (root(1.0 / 3.0), 1.0)]),
            (3, vec![(-root(0.6), 5.0 / 9.0), (0.0, 8.0 / 9.0), (root(0.6), 5.0 / 9.0)]),
            // Abramowitz and Stegun, table 25.4.
            (
                4,
                vec![
                    (-0.861_136_311_594_053, 0.347_854_845_137_454),
                    (-0.339_981_043_584_856, 0.652_145_154_862_546),
                    (0.339_981_043_584_856, 0.652_145_154_862_546),
                    (0.861_136_311_594_053, 0.347_854_845_137_454),
                ],
            ),
        ] {
            let found = gauss_legendre(points);
            assert_eq!(found.len(), expected.len());
            for ((node, weight), (x, w)) in found.iter().zip(expected) {
                assert!((node - (1.0 + x) / 2.0).abs() < 1e-14, "{points}: node {node}");
                assert!((weight - w / 2.0).abs() < 1e-14, "{points}: weight {weight}");
            }
        }
    }

    #[test]
    fn a_part_of_a_rule_is_a_rule() {
        for points in [1, 2, 8] {
            for length in (3 * points..120).chain([300, 1000]) {
                let rule = gauss_legendre(length);
                let part = part_of(&rule, points);
                assert_eq!(part.len(), points);
                assert!(part.windows(2).all(|pair| pair[0].0 < pair[1].0), "{points} of {length}");
                assert!(part.iter().all(|(_, weight)| *weight > 0.0), "{points} of {length}");
                for power in 0..points {
                    let terms =
                        part.iter().map(|(i, weight)| weight * rule[*i].0.powi(power as i32));
                    let (found, expected) = (terms.sum::<f64>(), 1.0 / (power as f64 + 1.0));
                    assert!((found - expected).abs() < 1e-12, "{points} of {length}, x^{power}");
                }
            }
        }
    }

    /// The rule is the only one that is exact for all of these.
    #[test]
    fn polynomials_are_integrated_exactly() {
        for points in [1, 2, 5, 50, 64, 101, 300, 1000] {
            let rule = gauss_legendre(points);
            assert!(rule.windows(2).all(|pair| pair[0].0 < pair[1].0));
            let highest = 2 * points - 1;
            for power in [0, 1, 2, points, highest - 1, highest].map(|power| power.min(highest)) {
                let terms = rule.iter().map(|(node, weight)| weight * node.powi(power as i32));
                let (found, expected) = (terms.sum::<f64>(), 1.0 / (power as f64 + 1.0));
                assert!((found - expected).abs() < 1e-12, "{points} points, x^{power}: {found}");
            }
        }
    }
}
