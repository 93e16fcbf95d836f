/** Ends a command with a sentence for the person who called it, on the error stream unless all is well. */
export function stopWith(sentence: string, exitCode = 1): never {
  (exitCode === 0 ? console.log : console.error)(sentence);
  process.exit(exitCode);
}
