/**
 * tfjs's own gradients, which its core leaves out: for the plain step. In Node they are another copy of tfjs's modules than the
 * core, and whichever comes first makes the tensors; it must be the core, which alone has every op.
 */
import '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
