import { until } from '../page/app.ts';
import { check, ensure, equal, type Check } from '../page/check.ts';
import { sampleFile } from '../page/files.ts';
import { forgetPage, setHost } from '../page/host.ts';

/** A system without a language setting. Some browsers then report this language. */
const languageC = `Object.defineProperty(Navigator.prototype, 'language', { configurable: true, get: () => 'C' });`;

export const threadChecks: readonly Check[] = [
  check('starts on the best back end there is, which passes its self-check', async (app) => {
    await app.open('side=160');
    await app.give(await sampleFile('cat'));
    await app.allDone(1);
    // No test machine has a graphics card that the page accepts. No back end may have failed on the way.
    await app.factIs('Runs on', 'WebAssembly');
    await app.reads(/No WebGPU in this browser|No graphics card/);
    ensure(!/failed|cannot|wrong/.test(app.text()), `the page says that something failed: ${app.text()}`);
  }),

  check('uses threads exactly where memory can be shared', async (app) => {
    await app.open('backend=wasm&side=160');
    const device = app.document.querySelector('[title^=CPU]')?.getAttribute('title') ?? '';
    ensure(/SIMD/.test(device), `the CPU runs as “${device}”`);
    const { crossOriginIsolated: isIsolated, navigator } = app.window;
    const canShare = isIsolated && 'SharedArrayBuffer' in app.window && navigator.hardwareConcurrency > 1;
    ensure(isIsolated, 'the page is not isolated');
    if (!canShare) ensure(device.endsWith(', 1 thread'), `without shared memory it runs as “${device}”`);
    else ensure(/, \d+ threads?$/.test(device), `with shared memory it runs as “${device}”`);
  }),
];

export const startChecks: readonly Check[] = [
  check('plain JavaScript computes too', async (app) => {
    await app.open('backend=cpu&side=64');
    await app.give(await sampleFile('cat'));
    await app.allDone(1);
    await app.factIs('Runs on', 'JavaScript');
  }),

  check('a language that Intl refuses does no harm', async (app) => {
    await setHost({ beforePage: languageC });
    await app.open('backend=wasm&side=64');
    const language = Object.getOwnPropertyDescriptor(app.window.Navigator.prototype, 'language');
    equal('the language', language?.get?.call(app.window.navigator), 'C');
    await app.give(await sampleFile('cat'));
    await app.allDone(1);
    // The package that draws the curves reads the language when it loads.
    await app.key('r');
    await app.get('button', 'Start training');
  }),

  // Not every engine waits for style sheets before it runs a module.
  check('style sheets that come after the scripts are waited for', async (app) => {
    await forgetPage();
    await setHost({ stylesLateMs: 1500 });
    await app.open('backend=wasm&side=64');
    for (const link of app.document.querySelectorAll<HTMLLinkElement>('link[rel=stylesheet]'))
      ensure((link.sheet?.cssRules.length ?? 0) > 0, `the page opened before ${link.href} had come`);
    await app.give(await sampleFile('cat'));
    await app.allDone(1);
  }),

  check('opens and computes without a network from the second visit on', async (app) => {
    const cat = await sampleFile('cat');
    await app.open('backend=wasm&side=160');
    await app.window.navigator.serviceWorker.ready;
    await until('the service worker has taken over', () => app.window.navigator.serviceWorker.controller);
    await setHost({ network: 'off' });
    await app.reload();
    await app.give(cat);
    await app.allDone(1);
    // The sample comes from the cache.
    await app.press('Sample photographs');
    await app.press(/Raccoon/, await app.get('dialog'));
    await app.allDone(2);
  }),
];
