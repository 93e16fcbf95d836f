import { checkKeptPasses } from '../testing/check-kept-passes.ts';
import { countBuffers } from '../testing/count-buffers.ts';

const count = countBuffers();
checkKeptPasses('webgpu', () => count.bytes);
