import { checkKeptPasses } from './passes.suite.ts';
import { countBuffers } from '../testing/count-buffers.ts';

const count = countBuffers();
checkKeptPasses('webgpu', () => count.bytes);
