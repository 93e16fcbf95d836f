/** The names of a run's files, in the browser and in an exported archive. Both of a run's slots have files of the first names. */
export const runSlotFiles = ['state.safetensors', 'log.jsonl', 'maps.safetensors', 'run.json'] as const;
export const runPhotographsFile = 'photographs.rgb';
