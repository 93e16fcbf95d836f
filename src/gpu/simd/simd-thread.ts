/** A helper thread's entry: the engine's worker starts it, and it ends with that worker. */
import { serveThread } from './serve-thread.ts';

serveThread();
