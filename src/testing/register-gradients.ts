/**
 * Registers tfjs's own gradients, which its core does not include, for the plain step. In Node they import another copy
 * of tfjs's modules than the core. The module that is loaded first creates the tensors. This must be the core, because
 * only the core has every op.
 */
import '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
