import { checkEmbedded } from './embedded.suite.ts';
import { nodePlatform } from '../testing/node-platform.ts';

checkEmbedded('wasm', nodePlatform, { tolerance: 1e-5, relativeTolerance: 1e-3 });
