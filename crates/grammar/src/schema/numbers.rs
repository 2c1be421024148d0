//! Numbers as texts.
//!
//! A set of numbers is the language of all ways to write its members without an exponent, so sets can be cut,
//! joined and subtracted as languages. Where a schema asks for nothing but a number, exponents are legal, too.

use std::collections::BTreeSet;

use super::decimal::Decimal;
use super::language::{Language, Languages};

/// All ways to write a number without an exponent.
const PLAIN: &str = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?";
/// All ways to write one with an exponent.
const WITH_EXPONENT: &str = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?[eE][+-]?[0-9]+";
const INTEGERS: &str = r"-?(?:0|[1-9][0-9]*)(?:\.0+)?";
/// One way for every number: no zero that could be left out, no sign of a zero.
const SHORTEST: &str = r"0|-?(?:[1-9][0-9]*(?:\.[0-9]*[1-9])?|0\.[0-9]*[1-9])";

/// A set of numbers.
#[derive(Debug, Clone)]
pub(super) enum Numbers {
    Values(BTreeSet<Decimal>),
    Range(Range),
}

/// Numbers by their properties.
#[derive(Debug, Clone)]
pub(super) struct Range {
    /// Of all ways to write them without an exponent.
    language: Language,
    /// Whether nothing is asked of the numbers.
    pub(super) is_all: bool,
    /// Whether they are written in the shortest way.
    is_short: bool,
    /// What they are multiples of; what `language` does not know.
    pub(super) multiple: Option<Decimal>,
    /// Whether bounds say all but the multiple.
    pub(super) is_interval: bool,
    pub(super) is_integer: bool,
    /// With whether the bound itself is left out.
    pub(super) low: Option<(Decimal, bool)>,
    pub(super) high: Option<(Decimal, bool)>,
}

impl Numbers {
    pub(super) fn all(languages: &mut Languages) -> Self {
        Numbers::Range(Range {
            language: languages.regex(PLAIN.into()),
            is_all: true,
            is_short: false,
            multiple: None,
            is_interval: true,
            is_integer: false,
            low: None,
            high: None,
        })
    }

    pub(super) fn integers(languages: &mut Languages) -> Self {
        let Numbers::Range(all) = Self::all(languages) else { unreachable!("a range") };
        let language = languages.regex(INTEGERS.into());
        Numbers::Range(Range { language, is_all: false, is_short: true, is_integer: true, ..all })
    }

    /// Those at or above a bound, or above it.
    pub(super) fn above(languages: &mut Languages, bound: Decimal, exclusive: bool) -> Self {
        let Numbers::Range(all) = Self::all(languages) else { unreachable!("a range") };
        let language = above(languages, &bound, exclusive);
        Numbers::Range(Range { language, is_all: false, low: Some((bound, exclusive)), ..all })
    }

    /// Those at or below a bound, or below it.
    pub(super) fn below(languages: &mut Languages, bound: Decimal, exclusive: bool) -> Self {
        let Numbers::Range(all) = Self::all(languages) else { unreachable!("a range") };
        let larger = above(languages, &bound, !exclusive);
        let language = languages.minus(&all.language, &larger);
        Numbers::Range(Range { language, is_all: false, high: Some((bound, exclusive)), ..all })
    }

    pub(super) fn multiples(languages: &mut Languages, of: Decimal) -> Self {
        let Numbers::Range(all) = Self::all(languages) else { unreachable!("a range") };
        Numbers::Range(Range { is_all: false, multiple: Some(of), ..all })
    }

    pub(super) fn and(&self, other: &Self, languages: &mut Languages) -> Result<Self, String> {
        Ok(match (self, other) {
            (Numbers::Values(a), Numbers::Values(b)) => Numbers::Values(a & b),
            (Numbers::Values(values), Numbers::Range(range))
            | (Numbers::Range(range), Numbers::Values(values)) => {
                let mut kept = BTreeSet::new();
                for value in values {
                    if range.has(value, languages)? {
                        kept.insert(value.clone());
                    }
                }
                Numbers::Values(kept)
            }
            (Numbers::Range(a), Numbers::Range(b)) => Numbers::Range(a.and(b, languages)?),
        })
    }

    /// All other numbers.
    pub(super) fn not(&self, languages: &mut Languages) -> Result<Self, String> {
        let Numbers::Range(all) = Self::all(languages) else { unreachable!("a range") };
        let (language, is_short) = match self {
            Numbers::Values(values) => {
                let parts = values.iter().map(|value| languages.regex(all_ways(value))).collect();
                (languages.or(parts), false)
            }
            Numbers::Range(Range { multiple: None, language, .. }) => (language.clone(), false),
            // What is no multiple of an integer is known if that is all that is asked.
            Numbers::Range(range) => {
                let of = range.multiple.clone().expect("it has one");
                if of == Decimal::from_integer(1) {
                    let integers = languages.regex(INTEGERS.into());
                    (languages.and(&range.language, &integers), false)
                } else {
                    return Err("numbers that are no multiple".into());
                }
            }
        };
        let language = languages.minus(&all.language, &language);
        let is_all = matches!(self, Numbers::Values(values) if values.is_empty());
        Ok(Numbers::Range(Range { language, is_all, is_short, is_interval: is_all, ..all }))
    }

    pub(super) fn is_empty(&self, languages: &mut Languages) -> bool {
        match self {
            Numbers::Values(values) => values.is_empty(),
            Numbers::Range(range) => {
                let language = range.written(languages);
                languages.is_empty(&language) || range.has_no_multiple()
            }
        }
    }

    /// The texts that are legal for them, multiples aside.
    pub(super) fn written(&self, languages: &mut Languages) -> Language {
        match self {
            Numbers::Values(values) => {
                let parts = values
                    .iter()
                    .map(|value| languages.regex(value.plain().replace('.', "\\.")))
                    .collect();
                languages.or(parts)
            }
            Numbers::Range(range) => range.written(languages),
        }
    }
}

impl Range {
    fn has(&self, value: &Decimal, languages: &mut Languages) -> Result<bool, String> {
        let is_multiple = match &self.multiple {
            Some(of) => value.is_multiple_of(of).ok_or("multipleOf with more than 19 digits")?,
            None => true,
        };
        Ok(is_multiple && languages.has(&self.language, &value.plain()))
    }

    /// Whether both bounds lie between two multiples, as far as that can be told.
    fn has_no_multiple(&self) -> bool {
        let (Some(of), Some((low, no_low)), Some((high, no_high))) =
            (&self.multiple, &self.low, &self.high)
        else {
            return false;
        };
        let one = Decimal::from_integer(1);
        let of = if self.is_integer { of.common_multiple(&one) } else { Some(of.clone()) };
        let parts = of.and_then(|of| {
            let places = [&of, low, high].map(Decimal::places).into_iter().max()?;
            Some((of.scaled(places)?, low.scaled(places)?, high.scaled(places)?))
        });
        let Some((of, low, high)) = parts else { return false };
        // The smallest multiple that is not too small.
        let mut first = low.div_euclid(of) * of;
        if first < low || first == low && *no_low {
            first += of;
        }
        first > high || first == high && *no_high
    }

    fn and(&self, other: &Self, languages: &mut Languages) -> Result<Self, String> {
        let multiple = match (&self.multiple, &other.multiple) {
            (Some(a), Some(b)) => {
                let common = a.common_multiple(b);
                Some(common.ok_or("two multipleOf with so many digits")?)
            }
            (a, b) => a.clone().or_else(|| b.clone()),
        };
        let tighter =
            |a: &Option<(Decimal, bool)>, b: &Option<(Decimal, bool)>, low: bool| match (a, b) {
                (Some(a), Some(b)) => {
                    let order = a.0.cmp(&b.0);
                    let order = if low { order } else { order.reverse() };
                    let first = order.then(a.1.cmp(&b.1)).is_ge();
                    Some(if first { a.clone() } else { b.clone() })
                }
                (a, b) => a.clone().or_else(|| b.clone()),
            };
        Ok(Range {
            language: languages.and(&self.language, &other.language),
            is_all: self.is_all && other.is_all,
            is_short: self.is_short || other.is_short,
            multiple,
            is_interval: self.is_interval && other.is_interval,
            is_integer: self.is_integer || other.is_integer,
            low: tighter(&self.low, &other.low, true),
            high: tighter(&self.high, &other.high, false),
        })
    }

    fn written(&self, languages: &mut Languages) -> Language {
        if self.is_all {
            let with_exponent = languages.regex(WITH_EXPONENT.into());
            return languages.or(vec![self.language.clone(), with_exponent]);
        }
        if self.is_short {
            let shortest = languages.regex(SHORTEST.into());
            return languages.and(&self.language, &shortest);
        }
        self.language.clone()
    }
}

/// A pattern for all ways to write a number without an exponent.
fn all_ways(value: &Decimal) -> String {
    let (whole, fraction) = (value.whole_digits(), value.fraction_digits());
    let sign = match () {
        () if value.is_zero() => "-?",
        () if value.is_negative() => "-",
        () => "",
    };
    if fraction.is_empty() {
        format!(r"{sign}{whole}(?:\.0+)?")
    } else {
        format!(r"{sign}{whole}\.{fraction}0*")
    }
}

/// All ways to write the numbers at or above a bound, or above it.
fn above(languages: &mut Languages, bound: &Decimal, exclusive: bool) -> Language {
    let magnitude = bound.magnitude();
    if bound.is_zero() {
        let positive = unsigned_above(&magnitude, exclusive);
        // A zero with a sign is one.
        let zero = if exclusive { "" } else { r"|-0(?:\.0+)?" };
        return languages.regex(format!("{positive}{zero}"));
    }
    if !bound.is_negative() {
        return languages.regex(unsigned_above(&magnitude, exclusive));
    }
    // All that is not negative, and what is less far below zero.
    let positive = languages.regex(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?".into());
    let negative = languages.regex(r"-(?:0|[1-9][0-9]*)(?:\.[0-9]+)?".into());
    let further = languages.regex(format!("-(?:{})", unsigned_above(&magnitude, !exclusive)));
    let near = languages.minus(&negative, &further);
    languages.or(vec![positive, near])
}

/// A pattern for the numbers without a sign at or above a bound that is not negative, or above it.
fn unsigned_above(bound: &Decimal, exclusive: bool) -> String {
    let (whole, fraction) = (bound.whole_digits(), bound.fraction_digits());
    let any_fraction = r"(?:\.[0-9]+)?";
    let fractions = match (fraction.is_empty(), exclusive) {
        (true, false) => any_fraction.to_owned(),
        (true, true) => r"\.[0-9]*[1-9][0-9]*".to_owned(),
        (false, _) => {
            let rest = if exclusive { "[0-9]*[1-9][0-9]*" } else { "[0-9]*" };
            let above = digits_above(&fraction, |_| "[0-9]*".into(), Some(rest));
            format!(r"\.(?:{})", above.expect("the same digits are some"))
        }
    };
    let longer = match whole.as_str() {
        "0" => "[1-9][0-9]*".to_owned(),
        digits => format!("[1-9][0-9]{{{},}}", digits.len()),
    };
    let as_long = match whole.as_str() {
        "0" => None,
        digits => digits_above(digits, |left| format!("[0-9]{{{left}}}"), None),
    };
    let larger: Vec<String> = std::iter::once(longer).chain(as_long).collect();
    format!("(?:{}){any_fraction}|{whole}{fractions}", larger.join("|"))
}

/// Most digits whose patterns stand within each other; parsers bound how deep groups are nested.
const NESTED: usize = 20;

/// A pattern for digits that make more than as many given ones, each followed by what may come after it where so
/// many are left; or that are the same, if `same` may follow then. None if there are none. (Nested, so that it grows
/// with the number of digits only, as far as that can be.)
fn digits_above(
    digits: &str,
    after: impl Fn(usize) -> String,
    same: Option<&str>,
) -> Option<String> {
    let mut options = Vec::new();
    for start in (0..digits.len()).step_by(NESTED) {
        let end = digits.len().min(start + NESTED);
        let mut pattern = same.filter(|_| end == digits.len()).map(str::to_owned);
        for (place, digit) in digits[start..end].char_indices().rev() {
            let left = digits.len() - start - place - 1;
            let larger = larger_digits(digit).map(|class| format!("{class}{}", after(left)));
            let same = pattern.map(|pattern| format!("{digit}(?:{pattern})"));
            let parts: Vec<String> = larger.into_iter().chain(same).collect();
            pattern = (!parts.is_empty()).then(|| parts.join("|"));
        }
        options.extend(pattern.map(|pattern| format!("{}(?:{pattern})", &digits[..start])));
    }
    (!options.is_empty()).then(|| options.join("|"))
}

fn larger_digits(digit: char) -> Option<String> {
    match digit {
        '9' => None,
        '8' => Some("9".into()),
        digit => Some(format!("[{}-9]", char::from(digit as u8 + 1))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_exact_for_every_way_to_write_a_number() {
        let texts: Vec<String> = (-130..=130)
            .flat_map(|n: i32| {
                let sign = if n < 0 { "-" } else { "" };
                let n = n.abs();
                [
                    format!("{sign}{n}"),
                    format!("{sign}{n}.0"),
                    format!("{sign}{}.{:02}", n / 10, n % 10 * 10),
                    format!("{sign}{}.{}", n / 10, n % 10),
                    format!("{sign}0.{n:03}"),
                ]
            })
            .chain(
                ["-0", "-0.0", "0.00", "9007199254740993", "12345678901234567890"]
                    .map(String::from),
            )
            .chain(
                [0, 1, 9].map(|last| format!("{}{last}", "12345678909".repeat(89) + "1234567890")),
            )
            .chain(
                [0, 1, 9]
                    .map(|last| format!("-0.{}{last}", "12345678909".repeat(89) + "1234567890")),
            )
            .collect();
        let mut languages = Languages::new();
        for bound in [
            "0",
            "-0.0",
            "1",
            "-1",
            "10",
            "99",
            "-99",
            "100",
            "0.05",
            "1.5",
            "-1.5",
            "12.34",
            "-0.099",
            "1e-7",
            "9007199254740992",
            "12345678901234567891",
            // As many digits as are taken.
            &"12345678909".repeat(90),
            &format!("-0.{}", "12345678909".repeat(90)),
            "1e400",
            "-1e-400",
        ] {
            let decimal = Decimal::parse(bound).unwrap();
            for exclusive in [false, true] {
                let above = Numbers::above(&mut languages, decimal.clone(), exclusive);
                let below = Numbers::below(&mut languages, decimal.clone(), exclusive);
                let (above, below) = (above.written(&mut languages), below.written(&mut languages));
                for text in &texts {
                    let order = Decimal::parse(text).unwrap().cmp(&decimal);
                    let at = order.is_eq() && !exclusive;
                    assert_eq!(languages.has(&above, text), order.is_gt() || at, "{text} {bound}");
                    assert_eq!(languages.has(&below, text), order.is_lt() || at, "{text} {bound}");
                }
            }
        }
    }

    #[test]
    fn others_than_some_values_are_others_however_they_are_written() {
        let mut languages = Languages::new();
        let values = ["1", "-2.5", "0"].map(|text| Decimal::parse(text).unwrap());
        let others = Numbers::Values(values.into()).not(&mut languages).unwrap();
        let others = others.written(&mut languages);
        for (text, expected) in [
            ("1", false),
            ("1.0", false),
            ("1.00", false),
            ("-2.50", false),
            ("-0", false),
            ("-0.0", false),
            ("2", true),
            ("1.01", true),
            ("2.5", true),
            ("1e0", false),
        ] {
            assert_eq!(languages.has(&others, text), expected, "{text}");
        }
    }
}
