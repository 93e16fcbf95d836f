import { nodePlatform } from '../../testing/node-platform.ts';
import { checkCorrespondences } from './compute.suite.ts';

checkCorrespondences('cpu', nodePlatform, 224);
