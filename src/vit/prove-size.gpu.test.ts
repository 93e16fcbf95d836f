import { checkProveSize } from './prove-size.suite.ts';

checkProveSize('webgpu');
