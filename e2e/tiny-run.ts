/** Fields of the training view by their labels. The network is so small that a step takes a fraction of a second everywhere. */
export const tinyRun: Readonly<Record<string, number>> = {
  Steps: 30,
  'Photographs a step': 2,
  'Save every … steps': 5,
  'Maps every … steps': 5,
  'Local crops a photograph': 1,
  'Global crops, px': 32,
  'Local crops, px': 16,
  'Outputs K': 32,
  'Hidden width': 32,
  Bottleneck: 8,
  'Warm-up, steps': 0,
  'Last layer frozen, steps': 0,
};
