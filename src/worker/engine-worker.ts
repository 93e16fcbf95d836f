/** The entry of the engine's worker. */
import { serveEngine } from './serve-engine.ts';

serveEngine();
