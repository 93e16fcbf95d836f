/**
 * The page's content-security policy stands in index.html, where it holds on every host. A worker does not inherit it:
 * there it comes as a header, from our own server and from the service worker. It allows the hosts of the catalogue's models and
 * no others, which every build checks.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { catalogue } from '../src/catalogue/catalogue.ts';

const metaTag = /<meta\s+http-equiv="Content-Security-Policy"\s+content="([^"]+)"\s*\/>/;

const page = readFileSync(fileURLToPath(new URL('../index.html', import.meta.url)), 'utf8');
const policy = metaTag.exec(page)?.[1];
if (policy === undefined) throw new Error('index.html has no content-security policy');

const connectSources = /connect-src ([^;]*)/.exec(policy)?.[1];
const wanted = ["'self'", ...catalogue.origins].join(' ');
// No build where the page could reach a host that it needs not, or could not reach one that it needs.
if (connectSources !== wanted)
  throw new Error(`index.html allows connect-src ${connectSources}, the catalogue needs ${wanted}`);

/** Isolation lets wasm use threads. */
export const isolationHeaders: Readonly<Record<string, string>> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** As headers the policy also lets scripts come from blobs, which is how tfjs starts wasm threads; the page itself keeps its own. */
export const pageHeaders = {
  ...isolationHeaders,
  'Content-Security-Policy': policy.replace("script-src 'self'", "script-src 'self' blob:"),
};

/** Vite's development server puts scripts into the page that the policy forbids. */
export function withoutPolicyInDevelopment(): Plugin {
  return {
    name: 'dinoscope-no-policy-in-development',
    apply: 'serve',
    transformIndexHtml: (html) => html.replace(metaTag, ''),
  };
}
