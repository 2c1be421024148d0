//! When generation is over. One rule for drawn and forced tokens: an end token among the appended
//! ones comes first, then a stop sequence anywhere in the decoded completion.

use tokenscope_tokens::{TokenId, Tokenizer};

use crate::report::StopReason;

/// Decides after `appended` has become the end of `completion`.
pub(crate) fn reason(
    tokenizer: &Tokenizer,
    completion: &[TokenId],
    appended: &[TokenId],
    stop_sequences: &[String],
) -> Option<StopReason> {
    if appended.iter().any(|id| tokenizer.is_end(*id)) {
        return Some(StopReason::EndToken);
    }
    let mut stops = stop_sequences.iter().filter(|stop| !stop.is_empty()).peekable();
    stops.peek()?;
    let text = tokenizer.vocabulary().decode(completion);
    stops.any(|stop| text.contains(stop.as_str())).then_some(StopReason::StopSequence)
}
