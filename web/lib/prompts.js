// The prompt library: texts worth stepping through, and what to look at in each.

/** @typedef {{ title: string, prompt: string, look: string }} Prompt */
/** @typedef {{ title: string, prompts: Prompt[] }} Shelf */

/** @type {Shelf[]} */
export const SHELVES = [
  {
    title: "First looks",
    prompts: [
      { title: "A capital", prompt: "The capital of France is", look: "One fact, one place in the text: how sure is the model before it says it?" },
      { title: "A database query", prompt: "Write an SQL query that returns every row of the table customers.", look: "Keywords come in a fixed order, so most steps are nearly certain." },
      { title: "A haiku", prompt: "Write a haiku about rain on a tin roof.", look: "Wide open at each line's start, narrower inside a phrase." },
      { title: "Who is she?", prompt: "Sarah lent Anna her umbrella because she had forgotten hers. Who had forgotten her umbrella?", look: "Two names compete for one place. Force the other one and see what follows." },
      { title: "A story goes on", prompt: "Go on with this story: The lighthouse had been dark for years, until one night", look: "Many good next words: compare a low temperature with a high one." },
      { title: "Entropy for a child", prompt: "Explain to a child of eight what entropy is.", look: "The first words set the tone of everything after them." },
      { title: "Three languages", prompt: "Translate \"Good morning, my friend\" into Spanish, French and German.", look: "Watch the distribution jump when the language changes." },
      { title: "Fibonacci in a loop", prompt: "Write a Python function that returns the n-th Fibonacci number with a loop, without recursion.", look: "Indentation and brackets are nearly free, names are not." },
      { title: "More primes", prompt: "Go on with this list of primes: 2, 3, 5, 7, 11, 13,", look: "Does the probability know arithmetic, or only the look of a list?" },
      { title: "For and against", prompt: "What speaks for working from home, and what against it?", look: "Lists repeat their form: see how sure the model is of each bullet." },
      { title: "Five words", prompt: "Sum up what artificial intelligence is in exactly five words.", look: "Does the end token rise after the fifth word?" },
      { title: "Pirate and astronaut", prompt: "Write a short dialogue between a pirate and an astronaut who share a boat.", look: "Each voice has its own words. Fork where the speaker changes." },
    ],
  },
  {
    title: "Temperature",
    prompts: [
      { title: "A name for a cat", prompt: "Suggest one name for a grey cat. Answer with the name only.", look: "Move the temperature from 0.2 to 2 and watch one bar become many." },
      { title: "Heads or tails", prompt: "Flip a coin and answer with heads or tails.", look: "Is the model's coin fair? Temperature 1 shows what it believes." },
      { title: "A first sentence", prompt: "Write the first sentence of a novel set in a bakery.", look: "At 1.5 unlikely words get through. Find the step where the text derails." },
    ],
  },
  {
    title: "Top-p",
    prompts: [
      { title: "A long tail", prompt: "My favourite animal is the", look: "Lower top-p and count the tokens that are kept: the tail goes first." },
      { title: "A sure thing", prompt: "Monday, Tuesday, Wednesday,", look: "Where one token holds nearly everything, top-p changes nothing." },
      { title: "A fork in meaning", prompt: "She sat down on the bank and", look: "River or money? A small top-p leaves only one reading." },
    ],
  },
  {
    title: "Repetition",
    prompts: [
      { title: "A loop", prompt: "Repeat the word echo ten times.", look: "Raise the repetition penalty and see the word it was asked for sink." },
      { title: "A refrain", prompt: "Write a song whose every line begins with \"And the night\".", look: "The penalty also counts the prompt. Change what it counts in the settings." },
      { title: "Getting stuck", prompt: "The sea, the sea, the sea,", look: "Greedy, with all penalties off: does the text ever leave the loop?" },
    ],
  },
  {
    title: "Structured output",
    prompts: [
      { title: "A JSON object", prompt: "Give the name, the age and the city of an invented person as JSON. Answer with JSON only.", look: "Quotes and colons are certain, values are not." },
      { title: "A table", prompt: "Write a Markdown table of three planets and their diameters in kilometres.", look: "The number of columns is decided in the first row." },
      { title: "Yes or no", prompt: "Is a tomato a fruit? Answer yes or no.", look: "Compare the raw probabilities of both answers, and of upper and lower case." },
    ],
  },
  {
    title: "How text is split",
    prompts: [
      { title: "Letters in a word", prompt: "How many times does the letter r occur in strawberry?", look: "Look at the tokens: the model never sees the letters." },
      { title: "Long numbers", prompt: "123456789 + 987654321 =", look: "See where the digits are cut, and how the answer is built from such pieces." },
      { title: "Spaces", prompt: "word  word   word    word", look: "Runs of spaces may be one token or many." },
      { title: "An odd word", prompt: "Explain the word floccinaucinihilipilification.", look: "A rare word is many tokens, each surer than the one before." },
    ],
  },
  {
    title: "Other languages",
    prompts: [
      { title: "Spanish", prompt: "La capital de España es", look: "Is the model as sure as in English?" },
      { title: "Japanese", prompt: "日本の首都は", look: "One character may be several tokens, which only together can be read." },
      { title: "Emoji", prompt: "Answer in emoji only: a day at the beach 🏖️", look: "An emoji is several bytes. Watch it being put together." },
      { title: "Mixed", prompt: "Complete the pairs: hund - dog, katze - cat, vogel -", look: "A pattern in the prompt does what an instruction would do." },
    ],
  },
  {
    title: "Code",
    prompts: [
      { title: "A bug", prompt: "def average(numbers):\n    return sum(numbers) / len(number)\n\n# The bug in this function is", look: "Ask attribution which token the answer came from." },
      { title: "Closing brackets", prompt: "f(g(h(x", look: "Does the model count the open brackets?" },
      { title: "A name to reuse", prompt: "let userCount = users.length;\nconsole.log(", look: "Names that stand in the text are likelier than any other." },
    ],
  },
];
