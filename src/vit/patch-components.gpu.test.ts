import { checkPatchComponents } from './patch-components.suite.ts';

checkPatchComponents('webgpu');
