/** Linear classifiers of tiny networks, and what PyTorch tells with them (tools/reference/make_linear_heads.py). */
import stored from '../../tools/reference/fixtures/heads/expected.json';
import { floatsOfBase64 } from '../core/base64.ts';

export const headCases = stored.map(({ told, ...facts }) => ({
  ...facts,
  told: told.map(({ sample, input, shares }) => ({
    sample,
    input: floatsOfBase64(input),
    shares: floatsOfBase64(shares),
  })),
}));
