//! What can be set about an attribution. One definition per option (name, values, default, methods,
//! explanation) feeds validation, the catalog and the reference.

use std::ops::RangeInclusive;

use super::method::Method;

/// All options at once. Numbers are unchecked: the model that answers decides which layers, heads and
/// ids there are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Options {
    /// What is attributed.
    pub quantity: Quantity,
    /// The other candidate of [`Quantity::LogitDifference`].
    pub contrast_id: Option<i64>,
    /// Whether scores are signed contributions in units of the quantity rather than shares of 1.
    pub signed: bool,
    /// The layers whose attention is averaged; none means all.
    pub layers: Option<Vec<i64>>,
    /// The heads whose attention is averaged, in each of the layers; none means all.
    pub heads: Option<Vec<i64>>,
    /// Whether attention is followed through the layers instead of averaged over them.
    pub rollout: bool,
    /// Whether attention on the first token counts for nothing.
    pub mask_sink: bool,
    /// Where the path of integrated gradients begins.
    pub baseline: Baseline,
    /// Points on that path.
    pub steps: i64,
    /// What scores are summed over, or what is occluded at once.
    pub group: Grouping,
    /// What occlusion puts in a token's place.
    pub replacement: Replacement,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            quantity: Quantity::Probability,
            contrast_id: None,
            signed: false,
            layers: None,
            heads: None,
            rollout: false,
            mask_sink: false,
            baseline: Baseline::Unknown,
            steps: DEFAULT_STEPS,
            group: Grouping::Token,
            replacement: Replacement::Drop,
        }
    }
}

const DEFAULT_STEPS: i64 = 50;

/// How many points a path may have.
///
/// Limit of requests: points of an attribution's path; 400.
pub const STEPS: RangeInclusive<i64> = 1..=1000;

/// Defines an enum of named choices.
macro_rules! choices {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $type {
            /// The stable names, as in the API.
            pub const NAMES: &'static [&'static str] = &[$($name,)*];

            /// The stable name, as in the API.
            pub fn name(self) -> &'static str {
                match self {
                    $($type::$variant => $name,)*
                }
            }
        }
    };
}

choices! {
    /// What is attributed. All are taken from the raw logits, before penalties, temperature and
    /// constraint.
    Quantity {
        /// The target's softmax probability.
        Probability = "probability",
        /// Its natural logarithm.
        LogProbability = "log_probability",
        /// The target's logit.
        Logit = "logit",
        /// The target's logit less that of another candidate.
        LogitDifference = "logit_difference",
    }
}

choices! {
    /// Where the path of integrated gradients begins.
    Baseline {
        /// The token for unknown text in every place; if there is none, the padding token, the end
        /// token, the beginning token, in this order. Places that hold the end token keep it.
        Unknown = "unk",
        /// Zeros.
        Zero = "zero",
        /// The mean of all tokens' embeddings.
        Mean = "mean",
    }
}

choices! {
    /// What belongs together.
    Grouping {
        /// Every token for itself.
        Token = "token",
        /// What stands between white space.
        Word = "word",
        /// Up to and with a line break.
        Line = "line",
        /// Who wrote it: the chat template, the system text, the user, or the model.
        Role = "role",
    }
}

choices! {
    /// What occlusion puts in a token's place.
    Replacement {
        /// Nothing; what follows moves up.
        Drop = "drop",
        /// The token that [`Baseline::Unknown`] would put there.
        Baseline = "baseline",
    }
}

/// What an option's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionKind {
    /// On or off; off unless a request says otherwise.
    Switch,
    /// One of these names; the first unless a request says otherwise.
    Choice(&'static [&'static str]),
    /// A whole number.
    Number {
        /// The numbers there are.
        range: (i64, i64),
        /// Unless a request says otherwise.
        default: i64,
    },
    /// A token id, or nothing.
    Token,
    /// A list of layers or heads counted from 0, or nothing, which means all of them.
    Places,
}

/// One option: the definition from which all else is made.
#[derive(Debug, Clone, Copy)]
pub struct OptionSpec {
    /// Stable name, also the field's name in a request's `options`.
    pub id: &'static str,
    /// What the page calls it.
    pub label: &'static str,
    /// What values it takes.
    pub kind: OptionKind,
    /// The methods that it has an effect on. In requests for others it is accepted and has none.
    pub methods: &'static [Method],
    /// What it does, in plain words.
    pub explanation: &'static str,
}

use Method::{Attention, InputXGradient, IntegratedGradients, Occlusion, Saliency};

/// All options.
pub const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        id: "quantity",
        label: "Quantity",
        kind: OptionKind::Choice(Quantity::NAMES),
        methods: &[Saliency, InputXGradient, IntegratedGradients, Occlusion],
        explanation: "What is explained: the token's raw probability, the logarithm of it, its logit, \
                      or the difference between its logit and another candidate's (why this rather \
                      than that).",
    },
    OptionSpec {
        id: "contrast_id",
        label: "Rather than",
        kind: OptionKind::Token,
        methods: &[Saliency, InputXGradient, IntegratedGradients, Occlusion],
        explanation: "The other candidate of the difference. Unless one is chosen, it is the likeliest \
                      other one at the token's place.",
    },
    OptionSpec {
        id: "signed",
        label: "Signed",
        kind: OptionKind::Switch,
        methods: &[InputXGradient, IntegratedGradients, Occlusion],
        explanation: "Scores are contributions in units of the quantity, negative where a token speaks \
                      against the target. Otherwise they are sizes without a sign that add up to 1.",
    },
    OptionSpec {
        id: "layers",
        label: "Layers",
        kind: OptionKind::Places,
        methods: &[Attention],
        explanation: "The layers to average over, from 0. With rollout it has no effect.",
    },
    OptionSpec {
        id: "heads",
        label: "Heads",
        kind: OptionKind::Places,
        methods: &[Attention],
        explanation: "The heads to average over in each layer, from 0.",
    },
    OptionSpec {
        id: "rollout",
        label: "Rollout",
        kind: OptionKind::Switch,
        methods: &[Attention],
        explanation: "Follows attention down through all layers instead of averaging over them: half \
                      of each position's flow stays at the position, the other half goes where the \
                      heads look (Abnar and Zuidema 2020).",
    },
    OptionSpec {
        id: "mask_sink",
        label: "Leave out the first token",
        kind: OptionKind::Switch,
        methods: &[Attention],
        explanation: "Heads with nothing to look for look at the first token. This sets its weight to \
                      zero and divides what is left by its sum.",
    },
    OptionSpec {
        id: "baseline",
        label: "Baseline",
        kind: OptionKind::Choice(Baseline::NAMES),
        methods: &[IntegratedGradients],
        explanation: "Where the path begins: the token for unknown text (or the padding, end or \
                      beginning token, if there is none) in every place that does not hold the end \
                      token; zeros; or the mean of all embeddings.",
    },
    OptionSpec {
        id: "steps",
        label: "Points",
        kind: OptionKind::Number { range: (*STEPS.start(), *STEPS.end()), default: DEFAULT_STEPS },
        methods: &[IntegratedGradients],
        explanation: "Points on the path, at the nodes of Gauss-Legendre quadrature. More take longer \
                      and lower the completeness error.",
    },
    OptionSpec {
        id: "group",
        label: "Group by",
        kind: OptionKind::Choice(Grouping::NAMES),
        methods: &[Attention, Saliency, InputXGradient, IntegratedGradients, Occlusion],
        explanation: "Adds scores up over words, lines, or who wrote the text. Occlusion takes each \
                      group out as a whole.",
    },
    OptionSpec {
        id: "replacement",
        label: "Occlude by",
        kind: OptionKind::Choice(Replacement::NAMES),
        methods: &[Occlusion],
        explanation: "Leave the token out, so that what follows moves up, or put the baseline token of \
                      integrated gradients in its place.",
    },
];

impl Options {
    /// These options, with those that have no effect on a method at their defaults.
    pub(super) fn of_method(&self, method: Method) -> Options {
        let mut options = self.clone();
        let defaults = Options::default();
        for spec in OPTIONS.iter().filter(|spec| !spec.methods.contains(&method)) {
            match spec.id {
                "quantity" => options.quantity = defaults.quantity,
                "contrast_id" => options.contrast_id = None,
                "signed" => options.signed = defaults.signed,
                "layers" => options.layers = None,
                "heads" => options.heads = None,
                "rollout" => options.rollout = defaults.rollout,
                "mask_sink" => options.mask_sink = defaults.mask_sink,
                "baseline" => options.baseline = defaults.baseline,
                "steps" => options.steps = defaults.steps,
                "group" => options.group = defaults.group,
                "replacement" => options.replacement = defaults.replacement,
                other => unreachable!("option {other} has no field"),
            }
        }
        if options.quantity != Quantity::LogitDifference {
            options.contrast_id = None;
        }
        if options.rollout {
            options.layers = None;
        }
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_effect_on_a_method_is_at_its_default() {
        let all = Options {
            quantity: Quantity::LogitDifference,
            contrast_id: Some(3),
            signed: true,
            layers: Some(vec![1]),
            heads: Some(vec![0]),
            rollout: false,
            mask_sink: true,
            baseline: Baseline::Zero,
            steps: 7,
            group: Grouping::Word,
            replacement: Replacement::Baseline,
        };
        let default = Options::default();
        let group = Grouping::Word;
        let (quantity, contrast_id) = (all.quantity, all.contrast_id);
        let of_gradient = Options { quantity, contrast_id, group, ..default.clone() };
        for (method, expected) in [
            (
                Attention,
                Options {
                    layers: Some(vec![1]),
                    heads: Some(vec![0]),
                    mask_sink: true,
                    group,
                    ..default.clone()
                },
            ),
            (Saliency, of_gradient.clone()),
            (InputXGradient, Options { signed: true, ..of_gradient.clone() }),
            (
                IntegratedGradients,
                Options { signed: true, baseline: Baseline::Zero, steps: 7, ..of_gradient.clone() },
            ),
            (
                Occlusion,
                Options { signed: true, replacement: Replacement::Baseline, ..of_gradient.clone() },
            ),
        ] {
            assert_eq!(all.of_method(method), expected, "{method:?}");
        }
        let rollout = Options { rollout: true, ..all.clone() };
        assert_eq!(rollout.of_method(Attention).layers, None);
        let plain = Options { quantity: Quantity::Logit, ..all };
        assert_eq!(plain.of_method(Saliency).contrast_id, None);
    }

    #[test]
    fn every_option_explains_itself_and_belongs_to_a_method() {
        for spec in OPTIONS {
            assert!(spec.explanation.ends_with('.') && !spec.methods.is_empty(), "{}", spec.id);
        }
    }
}
