//! The whole vocabulary on its way to one token.

use tokenscope_tokens::TokenId;

use crate::StageId;
use crate::ranking::Ranking;

/// For every token of the vocabulary its logit as it stands, and whether a stage has cut it.
#[derive(Debug, Clone)]
pub struct Distribution {
    logits: Vec<f32>,
    cut_by: Vec<Option<StageId>>,
}

impl Distribution {
    /// Starts from a model's logits, nothing cut.
    pub fn new(logits: &[f32]) -> Self {
        Distribution { logits: logits.to_vec(), cut_by: vec![None; logits.len()] }
    }

    /// The logits as the stages have left them so far, cut tokens included.
    pub fn logits(&self) -> &[f32] {
        &self.logits
    }

    /// The logits, for a stage to change.
    pub fn logits_mut(&mut self) -> &mut [f32] {
        &mut self.logits
    }

    /// Which stage cut the token, if one did.
    pub fn cut_by(&self, id: TokenId) -> Option<StageId> {
        self.cut_by[id.index()]
    }

    /// Whether no stage has cut the token.
    pub fn is_kept(&self, id: TokenId) -> bool {
        self.cut_by[id.index()].is_none()
    }

    /// Marks a token as cut. The first stage to cut a token is the one that is remembered.
    pub fn cut(&mut self, id: TokenId, stage: StageId) {
        self.cut_by[id.index()].get_or_insert(stage);
    }

    /// The kept tokens, by id.
    pub fn kept(&self) -> impl Iterator<Item = TokenId> {
        let kept = self.cut_by.iter().enumerate().filter(|(_, cut_by)| cut_by.is_none());
        kept.map(|(index, _)| TokenId(index as u32))
    }

    /// The kept tokens, most probable first, ties by lower id.
    pub(crate) fn ranked(&self) -> Ranking<'_> {
        Ranking::new(self.kept(), &self.logits)
    }

    /// Probabilities: the softmax over kept tokens, `e^(l - max) / sum`; zero for cut ones.
    ///
    /// Sums are taken in double precision, since 50,000 float32 terms would lose three digits.
    pub fn probabilities(&self) -> Vec<f32> {
        let max = self.kept().map(|id| self.logits[id.index()]).fold(f32::NEG_INFINITY, f32::max);
        let mut probabilities: Vec<f32> = self
            .logits
            .iter()
            .zip(&self.cut_by)
            .map(|(logit, cut_by)| if cut_by.is_none() { (logit - max).exp() } else { 0.0 })
            .collect();
        let sum: f64 = probabilities.iter().copied().map(f64::from).sum();
        for p in &mut probabilities {
            *p = (f64::from(*p) / sum) as f32;
        }
        probabilities
    }
}
