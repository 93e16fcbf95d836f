import { openForKernels } from '../gpu/kernels/kernel.suite.ts';
import { openBackend } from '../gpu/open-backend.ts';
import { simdStepLayers } from './simd-step-layers.ts';
import { checkStepLayers } from './step-layers.suite.ts';

const open = openForKernels(async () => {
  const opened = await openBackend('wasm', null);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  return opened.value;
});
checkStepLayers(simdStepLayers, open);
