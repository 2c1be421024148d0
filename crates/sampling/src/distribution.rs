//! The whole vocabulary on its way to one token.

use std::cell::OnceCell;
use std::sync::Arc;

use multiversion::multiversion;
use tokenscope_tokens::{TokenId, TokenMask};

use crate::StageId;
use crate::softmax::Softmax;
use crate::weights::{BLOCK, for_each_counted_block};

/// For every token of the vocabulary its logit as it stands, and whether a stage has cut it.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// Shared with the snapshots, until a stage changes it.
    logits: Arc<Vec<f32>>,
    cut_by: Vec<Option<StageId>>,
    n_kept: usize,
    /// Computed when somebody asks, and forgotten when logits or marks change.
    softmax: OnceCell<Option<Softmax>>,
}

impl Distribution {
    /// Starts from a model's logits, nothing cut.
    pub fn new(logits: Arc<Vec<f32>>) -> Self {
        let n_kept = logits.len();
        Distribution { cut_by: vec![None; n_kept], logits, n_kept, softmax: OnceCell::new() }
    }

    /// The logits as the stages have left them so far, cut tokens included.
    pub fn logits(&self) -> &[f32] {
        &self.logits
    }

    /// The same, to be kept.
    pub(crate) fn shared_logits(&self) -> &Arc<Vec<f32>> {
        &self.logits
    }

    /// The logits, for a stage to change.
    pub fn logits_mut(&mut self) -> &mut [f32] {
        self.softmax.take();
        let logits: &mut Vec<f32> = Arc::make_mut(&mut self.logits);
        logits
    }

    /// Changes every logit.
    pub fn map_logits(&mut self, change: impl Fn(f32) -> f32) {
        self.softmax.take();
        self.logits = Arc::new(self.logits.iter().map(|logit| change(*logit)).collect());
    }

    /// Which stage cut the token, if one did.
    pub fn cut_by(&self, id: TokenId) -> Option<StageId> {
        self.cut_by[id.index()]
    }

    /// Which stage cut each token, by id.
    pub(crate) fn marks(&self) -> &[Option<StageId>] {
        &self.cut_by
    }

    /// Whether no stage has cut the token.
    pub fn is_kept(&self, id: TokenId) -> bool {
        self.cut_by[id.index()].is_none()
    }

    /// How many tokens are not cut.
    pub fn n_kept(&self) -> usize {
        self.n_kept
    }

    /// Marks a token as cut. The first stage to cut a token is the one that is remembered.
    pub fn cut(&mut self, id: TokenId, stage: StageId) {
        let mark = &mut self.cut_by[id.index()];
        if mark.is_none() {
            *mark = Some(stage);
            self.n_kept -= 1;
            self.softmax.take();
        }
    }

    /// Cuts what a mask does not allow. Tokens beyond it are not allowed.
    pub fn cut_outside(&mut self, mask: &TokenMask, stage: StageId) {
        self.n_kept -= cut_outside(mask.words(), &mut self.cut_by, stage);
        self.softmax.take();
    }

    /// Cuts what ranks after a token: what has a lower logit, or the same and a higher id.
    pub fn cut_after(&mut self, last: TokenId, stage: StageId) {
        let limit = self.logits[last.index()];
        let (lower_logits, higher_logits) = self.logits.split_at(last.index() + 1);
        let (lower_ids, higher_ids) = self.cut_by.split_at_mut(last.index() + 1);
        self.n_kept -= cut_below(limit, false, lower_logits, lower_ids, stage);
        self.n_kept -= cut_below(limit, true, higher_logits, higher_ids, stage);
        self.softmax.take();
    }

    /// Hands the logits to `visit`, block by block; cut tokens are -infinity.
    #[inline(always)]
    pub(crate) fn for_each_kept_block(&self, visit: impl FnMut(usize, &[f32; BLOCK])) {
        let cut_by = (self.n_kept < self.logits.len()).then_some(self.cut_by.as_slice());
        for_each_counted_block(&self.logits, cut_by, |cut_by| cut_by.is_none(), visit);
    }

    /// The softmax over the kept tokens; none if it does not exist.
    pub(crate) fn softmax(&self) -> Option<Softmax> {
        *self.softmax.get_or_init(|| Softmax::of(self))
    }
}

/// Cuts the kept tokens whose bits are not set. Returns how many it has cut.
#[multiversion(targets = "simd")]
fn cut_outside(words: &[u64], marks: &mut [Option<StageId>], stage: StageId) -> usize {
    let mut n_cut = 0u32;
    let words = words.iter().chain(std::iter::repeat(&0));
    for (marks, word) in marks.chunks_mut(u64::BITS as usize).zip(words) {
        for (bit, mark) in marks.iter_mut().enumerate() {
            let cuts = mark.is_none() & (*word >> bit & 1 == 0);
            *mark = if cuts { Some(stage) } else { *mark };
            n_cut += u32::from(cuts);
        }
    }
    n_cut as usize
}

/// Cuts the kept tokens whose logits are below a limit, or at it if that is `included`. Returns how
/// many it has cut.
#[multiversion(targets = "simd")]
fn cut_below(
    limit: f32,
    included: bool,
    logits: &[f32],
    marks: &mut [Option<StageId>],
    stage: StageId,
) -> usize {
    let mut n_cut = 0u32;
    for (logit, mark) in logits.iter().zip(marks) {
        let cuts = mark.is_none() & ((*logit < limit) | (included & (*logit == limit)));
        *mark = if cuts { Some(stage) } else { *mark };
        n_cut += u32::from(cuts);
    }
    n_cut as usize
}
