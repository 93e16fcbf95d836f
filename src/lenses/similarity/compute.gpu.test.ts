import { openBrowserPlatform } from '../../testing/browser-platform.ts';
import { checkSimilarity } from './compute.suite.ts';

checkSimilarity('webgpu', await openBrowserPlatform());
