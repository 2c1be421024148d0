//! OLMo 2: norms stand after attention and MLP, not before, and q and k are normalised over all
//! heads together (arXiv:2501.00656).

use super::{
    Layer, Recipe, Source, norm, recipe, usual_attention, usual_config, usual_mlp, with_norms,
};
use crate::ModelError;

pub(super) fn read(source: &Source<'_>) -> Result<Recipe, ModelError> {
    recipe(source, usual_config(source)?, |source, config, block| {
        let attention = usual_attention(source, config, block)?;
        Ok(Layer {
            attention_norm: None,
            attention: with_norms(source, block, attention, (config.q_dim(), config.kv_dim()))?,
            attention_post_norm: norm(source, block, "post_attention_norm", config.d_model)?,
            mlp_norm: None,
            mlp: usual_mlp(source, config, block)?,
            mlp_post_norm: norm(source, block, "post_ffw_norm", config.d_model)?,
        })
    })
}
