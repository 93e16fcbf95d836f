import { checkEmbedded } from './embedded.suite.ts';
import { embeddedCases } from '../testing/embedded-cases.ts';
import { nodePlatform } from '../testing/node-platform.ts';

// Plain JavaScript takes seconds a picture; the large one is left to the other back ends.
const small = embeddedCases.filter(({ framing }) => framing.sidePx <= 224);

checkEmbedded('cpu', nodePlatform, { tolerance: 1e-5, relativeTolerance: 1e-3 }, small);
