//! What a knob is: one definition from which validation, sliders, help text and reference pages
//! are made.

use crate::{STAGES, settings};

/// A setting the user can turn.
#[derive(Debug, Clone, PartialEq)]
pub struct KnobSpec {
    /// Stable name, also the field's name in a request's `params`.
    pub id: &'static str,
    /// What the page calls it.
    pub label: &'static str,
    /// What values it takes.
    pub kind: KnobKind,
    /// Its value when a request does not say.
    pub default: KnobValue,
    /// The value at which it does nothing, if there is one.
    pub off: Option<KnobValue>,
    /// What it does, in plain words.
    pub explanation: &'static str,
}

/// The values a knob takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum KnobKind {
    /// A finite number. The range is that of its slider; numbers beyond it are allowed, as long as
    /// the arithmetic still gives a distribution.
    Number {
        /// Left end of the slider.
        min: f64,
        /// Right end of the slider.
        max: f64,
        /// Distance between the slider's stops.
        step: f64,
    },
    /// A whole number that fits 64 bits, or nothing.
    Integer,
    /// On or off.
    Switch,
    /// One of a few names.
    Choice(&'static [&'static str]),
    /// A list of texts.
    Texts,
}

/// A knob's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum KnobValue {
    /// No value, where a knob may be left open.
    None,
    /// A number.
    Number(f64),
    /// On or off.
    Switch(bool),
    /// The name of a choice.
    Choice(&'static str),
    /// No texts. (Lists of texts have no other default.)
    NoTexts,
}

impl KnobSpec {
    /// The default of a number knob.
    pub(crate) const fn default_number(&self) -> f64 {
        match self.default {
            KnobValue::Number(number) => number,
            _ => panic!("this knob's default is not a number"),
        }
    }
}

/// All knobs: first those of the stages, in their order, then those that belong to none.
pub fn all() -> Vec<&'static KnobSpec> {
    let mut knobs: Vec<&'static KnobSpec> = Vec::new();
    let of_stages = STAGES.iter().flat_map(|stage| stage.knobs());
    for knob in of_stages.chain(settings::KNOBS_OF_NO_STAGE) {
        // Two stages may share a knob, as the penalties share their scope.
        if !knobs.iter().any(|known| known.id == knob.id) {
            knobs.push(knob);
        }
    }
    knobs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_knob_has_one_definition_and_its_default_is_of_its_kind() {
        let knobs = all();
        for (i, knob) in knobs.iter().enumerate() {
            assert!(knobs[..i].iter().all(|other| other.id != knob.id), "{} twice", knob.id);
            let fits = match (knob.kind, knob.default) {
                (KnobKind::Number { min, max, step }, KnobValue::Number(n)) => {
                    min <= n && n <= max && step > 0.0
                }
                (KnobKind::Choice(choices), KnobValue::Choice(choice)) => choices.contains(&choice),
                (KnobKind::Integer, KnobValue::None)
                | (KnobKind::Switch, KnobValue::Switch(_))
                | (KnobKind::Texts, KnobValue::NoTexts) => true,
                _ => false,
            };
            assert!(fits, "{}: {:?} as {:?}", knob.id, knob.default, knob.kind);
            assert!(knob.explanation.ends_with('.'), "{}", knob.id);
        }
    }
}
