import { nodePlatform } from '../../testing/node-platform.ts';
import { checkSimilarity } from './compute.suite.ts';

checkSimilarity('wasm', nodePlatform);
