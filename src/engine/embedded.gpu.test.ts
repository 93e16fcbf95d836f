import { checkEmbedded } from './embedded.suite.ts';
import { openBrowserPlatform } from '../testing/browser-platform.ts';

checkEmbedded('webgpu', await openBrowserPlatform(), { tolerance: 1e-4, relativeTolerance: 1e-3 });
