/** tfjs ships no types for its Emscripten output. */
declare module '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js' {
  const factory: (configuration: object) => Promise<object>;
  export default factory;
}
