import { checkSimd } from '../../testing/check-simd.ts';

checkSimd(/^CPU, (relaxed )?SIMD, 1 thread$/);
