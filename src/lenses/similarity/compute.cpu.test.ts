import { nodePlatform } from '../../testing/node-platform.ts';
import { checkSimilarity } from './compute.suite.ts';

checkSimilarity('cpu', nodePlatform, 224);
