import { checkSimd } from '../../testing/check-simd.ts';

// Chromium has relaxed SIMD, Node 20 has not: between them both codes are checked.
checkSimd(/^CPU, relaxed SIMD, 1 thread$/);
