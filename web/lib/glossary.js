// The words of the field, as plainly as they can be said.

/** @type {[word: string, meaning: string][]} */
export const GLOSSARY = [
  ["Token", "A piece of text that the model reads and writes as one unit: a word, a part of one, a space, a line break, or a marker such as the end of an answer. Some tokens are only part of a character."],
  ["Vocabulary", "All tokens that a model knows, each with its number, the id."],
  ["Prompt", "The text that goes in. With a chat template, markers around it tell the model who speaks."],
  ["Completion", "The tokens that came out so far. They go back in, so that the next one fits them."],
  ["Logit", "The model's raw score of one token: any number, larger is likelier."],
  ["Probability", "Logits turned into shares that add up to 1 (this is called softmax)."],
  ["Log-probability", "The natural logarithm of a probability: 0 is certain, and every step down is less likely."],
  ["Raw and final", "Raw is what the model says. Final is what is left after all sampling stages: the chances in the draw."],
  ["Sampling", "Drawing the next token by chance, as the final probabilities have it. Greedy takes the likeliest one instead."],
  ["Stage", "One step between raw and final. A stage changes probabilities or cuts tokens, and each row says which stage cut it."],
  ["Temperature", "Below 1 makes likely tokens likelier still, above 1 evens the chances out."],
  ["Top-p (nucleus)", "Keeps the likeliest tokens that together have the share p, and cuts all others."],
  ["Penalty", "Makes tokens less likely that are already in the text, against repetition."],
  ["Seed", "A number that decides all chances ahead. The same seed and settings give the same tokens again."],
  ["Surprise", "How unexpected a token was, in bits: 0 for a certain one, one more each time the probability halves."],
  ["Entropy", "How open a choice is, in bits: 0 if one token is certain, 1 for a coin toss, more the more tokens are in play."],
  ["Other", "All tokens that have no row, together."],
  ["Forced", "Put there by you rather than picked from the distribution. It still shows how likely it would have been."],
  ["Attribution", "A measure of how much each earlier token had to do with a later one."],
  ["Context length", "How many tokens the model can read at once, prompt and completion together."],
];
