/** The entry of the worker that keeps models. */
import { serveLibrary } from './serve-library.ts';

serveLibrary();
