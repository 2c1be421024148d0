//! Decimal numbers of any size, as JSON writes them. float64 would round integers beyond 2^53.

use std::cmp::Ordering;

/// Most digits before or behind the point of a number that is written without an exponent.
///
/// Limit of constraints: digits of a number in a schema, written without its exponent; 400.
pub(super) const MOST_DIGITS: i64 = 1_000;

/// `0.d1d2d3… * 10^point`, without zeros at either end of the digits. Zero has no digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    /// Reads a number of JSON. None if it has more digits than [`MOST_DIGITS`].
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').collect();
        while digits.last() == Some(&0) {
            digits.pop();
        }
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        digits.drain(..zeros);
        if digits.is_empty() {
            return Some(Decimal { negative: false, digits, point: 0 });
        }
        let exponent: i64 = exponent.trim_start_matches('+').parse().ok()?;
        let point = exponent.checked_add(whole.len() as i64 - zeros as i64)?;
        let number = Decimal { negative, digits, point };
        (point <= MOST_DIGITS && number.fraction_len() <= MOST_DIGITS).then_some(number)
    }

    pub(super) fn from_integer(number: u64) -> Self {
        Self::parse(&number.to_string()).expect("a few digits")
    }

    pub(super) fn is_negative(&self) -> bool {
        self.negative
    }

    pub(super) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    pub(super) fn is_integer(&self) -> bool {
        self.fraction_len() <= 0
    }

    /// The number without its sign.
    pub(super) fn magnitude(&self) -> Self {
        Decimal { negative: false, ..self.clone() }
    }

    /// Digits behind the point; negative if the integer ends with zeros.
    fn fraction_len(&self) -> i64 {
        self.digits.len() as i64 - self.point
    }

    /// The digits before the point, at least one.
    pub(super) fn whole_digits(&self) -> String {
        let text: String = (0..self.point).map(|place| self.digit(place)).collect();
        if text.is_empty() { "0".into() } else { text }
    }

    /// The digits behind the point.
    pub(super) fn fraction_digits(&self) -> String {
        (self.point.min(0)..self.digits.len() as i64)
            .filter(|place| *place >= self.point)
            .map(|place| self.digit(place))
            .collect()
    }

    /// How many digits behind the point it needs.
    pub(super) fn places(&self) -> u32 {
        u32::try_from(self.fraction_len()).unwrap_or(0)
    }

    /// Itself times ten to some power, which makes it an integer. None if it is large.
    pub(super) fn scaled(&self, places: u32) -> Option<i128> {
        let zeros = usize::try_from(i64::from(places) - self.fraction_len()).ok()?;
        // Sums and multiples of what has so few digits fit, too.
        if self.digits.len() + zeros > 36 {
            return None;
        }
        let digits = self.digits.iter().copied().chain(std::iter::repeat_n(0, zeros));
        let number = digits.fold(0, |number, digit| number * 10 + i128::from(digit));
        Some(if self.negative { -number } else { number })
    }

    fn digit(&self, place: i64) -> char {
        let digit = usize::try_from(place).ok().and_then(|place| self.digits.get(place));
        char::from(b'0' + digit.copied().unwrap_or(0))
    }

    /// As it is written: no exponent, no zero that could be left out, no sign of a zero.
    pub(super) fn plain(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let fraction = self.fraction_digits();
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{sign}{}{point}{fraction}", self.whole_digits())
    }

    /// Whether it is an integer times another number, which is positive. None if that one has too many digits.
    pub(super) fn is_multiple_of(&self, other: &Decimal) -> Option<bool> {
        let divisor: u64 = other.coefficient()?;
        if self.is_zero() {
            return Some(true);
        }
        // The last digit is not zero, so more places behind the point can't be made up for.
        let places = other.fraction_len() - self.fraction_len();
        let Ok(zeros) = usize::try_from(places) else { return Some(false) };
        let digits = self.digits.iter().copied().chain(std::iter::repeat_n(0, zeros));
        let rest =
            digits.fold(0u128, |rest, digit| (rest * 10 + u128::from(digit)) % u128::from(divisor));
        Some(rest == 0)
    }

    /// The smallest number that is a multiple of both, which are positive. None if there are too many digits.
    pub(super) fn common_multiple(&self, other: &Decimal) -> Option<Self> {
        let ((a, a_places), (b, b_places)) = (self.small_parts()?, other.small_parts()?);
        let places = a_places.max(b_places);
        let scaled = |number: u32, own: u32| {
            u128::from(number).checked_mul(10u128.checked_pow(places - own)?)
        };
        let (a, b) = (scaled(a, a_places)?, scaled(b, b_places)?);
        let (mut divisor, mut rest) = (a, b);
        while rest > 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        Self::parse(&format!("{}e-{places}", (a / divisor).checked_mul(b)?))
    }

    /// The digits as an integer.
    fn coefficient(&self) -> Option<u64> {
        let text: String = self.digits.iter().map(|digit| char::from(b'0' + digit)).collect();
        text.parse().ok().filter(|number| *number > 0)
    }

    /// The integer it is, if it is one that float64 holds exactly, as do all smaller ones.
    pub(super) fn small_integer(&self) -> Option<i64> {
        let is_small = self.is_integer() && self.point <= 15;
        is_small.then(|| self.plain().parse().ok())?
    }

    /// Coefficient and places behind the point, if there are few.
    pub(super) fn small_parts(&self) -> Option<(u32, u32)> {
        let places = self.fraction_len();
        let coefficient = u32::try_from(self.coefficient()?).ok()?;
        match u32::try_from(places) {
            Ok(places) => Some((coefficient, places)),
            Err(_) => {
                let zeros = u32::try_from(-places).ok()?;
                Some((coefficient.checked_mul(10u32.checked_pow(zeros)?)?, 0))
            }
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Decimal| match (number.is_zero(), number.negative) {
            (true, _) => 0,
            (_, true) => -1,
            _ => 1,
        };
        sign(self).cmp(&sign(other)).then_with(|| {
            let larger = self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits));
            if self.negative { larger.reverse() } else { larger }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn numbers_are_written_plainly() {
        for (text, plain) in [
            ("0", "0"),
            ("-0.0", "0"),
            ("1.0", "1"),
            ("1.50", "1.5"),
            ("1e3", "1000"),
            ("-12.5E+1", "-125"),
            ("1e-7", "0.0000001"),
            ("100", "100"),
            ("0.001", "0.001"),
            ("9007199254740993", "9007199254740993"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
        ] {
            assert_eq!(number(text).plain(), plain, "{text}");
            assert_eq!(number(plain), number(text));
        }
        assert_eq!(Decimal::parse("1e1001"), None);
        assert_eq!(Decimal::parse("1e-1001"), None);
        assert!(Decimal::parse("0e99999").is_some());
    }

    #[test]
    fn numbers_are_in_order() {
        let texts = [
            "-100", "-12.5", "-12", "-0.1", "0", "1e-7", "0.1", "0.11", "0.2", "1", "9", "10",
            "1e3",
        ];
        for (i, a) in texts.iter().enumerate() {
            for (j, b) in texts.iter().enumerate() {
                assert_eq!(number(a).cmp(&number(b)), i.cmp(&j), "{a} {b}");
            }
        }
    }

    #[test]
    fn multiples_are_exact() {
        for (a, b, expected) in [
            ("0", "7", true),
            ("21", "7", true),
            ("22", "7", false),
            ("-21", "7", true),
            ("0.3", "0.1", true),
            ("0.35", "0.1", false),
            ("1", "0.25", true),
            ("1e30", "3", false),
            ("3e30", "3", true),
            ("9007199254740993", "9007199254740992", false),
            ("100", "1e2", true),
            ("110", "1e2", false),
            ("4.5", "1.5", true),
        ] {
            assert_eq!(number(a).is_multiple_of(&number(b)), Some(expected), "{a} {b}");
        }
        for (a, b, common) in
            [("2", "3", "6"), ("0.5", "0.2", "1"), ("4", "6", "12"), ("1e3", "0.01", "1000")]
        {
            assert_eq!(number(a).common_multiple(&number(b)), Some(number(common)), "{a} {b}");
        }
    }
}
