import { openBrowserPlatform } from '../testing/browser-platform.ts';
import { checkPooledFeatures } from './pool-features.suite.ts';

checkPooledFeatures('webgpu', await openBrowserPlatform());
