import { checkPatchSimilarity } from './patch-similarity.suite.ts';

checkPatchSimilarity('webgpu');
