/** Ends a command with a sentence for the person who called it, on the error stream unless all is well. */
export function stopWith(sentence: string, exitCode = 1): never {
  (exitCode === 0 ? console.log : console.error)(sentence);
  process.exit(exitCode);
}

/**
 * Ends a command that is wrong by its words: an option that there is not, a value that it does not take, words that do not go together.
 * What shows only when files are read or written, or a network does not have, ends with 1.
 */
export function stopWithWrong(sentence: string): never {
  stopWith(sentence, 2);
}
