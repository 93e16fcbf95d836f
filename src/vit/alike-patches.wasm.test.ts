import { checkAlikePatches } from './alike-patches.suite.ts';

checkAlikePatches('wasm');
