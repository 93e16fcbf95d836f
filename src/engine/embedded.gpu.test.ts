import { checkEmbedded } from '../testing/check-embedded.ts';
import { embeddedCases } from '../testing/embedded-cases.ts';
import { openBrowserPlatform } from '../testing/browser-platform.ts';

// A software adapter takes minutes over the large one, which the other back ends have.
const small = embeddedCases.filter(({ framing }) => framing.sidePx <= 224);

checkEmbedded('webgpu', await openBrowserPlatform(), { tolerance: 1e-4, relativeTolerance: 1e-3 }, small);
