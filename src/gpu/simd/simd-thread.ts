/** Entry point of a helper thread. The engine's worker starts it, and it ends with that worker. */
import { serveThread } from './serve-thread.ts';

serveThread();
