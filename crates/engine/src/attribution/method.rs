//! The methods, and what their answers are evidence of.

/// A way to say where in the input a token came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Where the last position looks.
    Attention,
    /// How strongly each token's embedding moves the quantity.
    Saliency,
    /// How strongly each token's embedding moves the quantity along itself.
    InputXGradient,
    /// The same, summed along a path from a neutral input.
    IntegratedGradients,
    /// What the quantity becomes without the token.
    Occlusion,
}

/// What kind of evidence a method gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// What goes along with the choice; changing it need not change the choice.
    Correlational,
    /// What small changes of the input would do, or the sum of small changes.
    Gradient,
    /// What a change of the input did.
    Causal,
}

impl Evidence {
    /// The stable name, as in the API.
    pub fn name(self) -> &'static str {
        match self {
            Evidence::Correlational => "correlational",
            Evidence::Gradient => "gradient",
            Evidence::Causal => "causal",
        }
    }
}

impl Method {
    /// All methods, in the order of a menu.
    pub const ALL: [Method; 5] = [
        Method::Attention,
        Method::Saliency,
        Method::InputXGradient,
        Method::IntegratedGradients,
        Method::Occlusion,
    ];

    /// The stable name, as in the API.
    pub fn name(self) -> &'static str {
        match self {
            Method::Attention => "attention",
            Method::Saliency => "saliency",
            Method::InputXGradient => "input_x_gradient",
            Method::IntegratedGradients => "integrated_gradients",
            Method::Occlusion => "occlusion",
        }
    }

    /// The method of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Method::ALL.into_iter().find(|method| method.name() == name)
    }

    /// What the page calls it.
    pub fn label(self) -> &'static str {
        match self {
            Method::Attention => "Attention",
            Method::Saliency => "Saliency",
            Method::InputXGradient => "Input × gradient",
            Method::IntegratedGradients => "Integrated gradients",
            Method::Occlusion => "Occlusion",
        }
    }

    /// What its answers are evidence of.
    pub fn evidence(self) -> Evidence {
        match self {
            Method::Attention => Evidence::Correlational,
            Method::Saliency | Method::InputXGradient | Method::IntegratedGradients => {
                Evidence::Gradient
            }
            Method::Occlusion => Evidence::Causal,
        }
    }

    /// What it does, in plain words.
    pub fn explanation(self) -> &'static str {
        match self {
            Method::Attention => {
                "Where the last position looks: its attention weights on every token, averaged over \
                 heads and layers. It is the same for every candidate, and looking is not using: \
                 much of it goes to the first token whatever the text."
            }
            Method::Saliency => {
                "How strongly a small change of each token's embedding would change the quantity: the \
                 length of the gradient."
            }
            Method::InputXGradient => {
                "The gradient multiplied by the embedding: a first-order estimate of what each token \
                 contributes, good only as far as the model is linear around this input."
            }
            Method::IntegratedGradients => {
                "Gradients summed along the straight path from a neutral input to this one. The signed \
                 contributions add up to the difference between the two, up to the reported \
                 completeness error."
            }
            Method::Occlusion => {
                "Each token (or word, line, role) is left out or replaced, and the model is run again: \
                 the score is how far the quantity falls. What two parts do only together, it does not \
                 divide between them."
            }
        }
    }
}
