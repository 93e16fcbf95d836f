/** tfjs's own gradients, which its core leaves out: for the plain step. */
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
