import { nodePlatform } from '../testing/node-platform.ts';
import { checkPooledFeatures } from './pool-features.suite.ts';

checkPooledFeatures('cpu', nodePlatform);
