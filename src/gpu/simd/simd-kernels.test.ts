import { checkSimd } from './simd-kernels.suite.ts';

checkSimd(/^CPU, (relaxed )?SIMD, 1 thread$/);
