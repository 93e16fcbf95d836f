import { check, ensure, type Check } from '../page/check.ts';
import { forgetFiles, forgetPage, setHost } from '../page/host.ts';
import { keepsFiles } from '../page/keeps-files.ts';

const lacks = /This browser keeps no files for the page/;

/** Scripts for the workers that remove or break file storage, and what the page must say where the browser could keep files. */
const variants: readonly (readonly [what: string, script: string, says: RegExp])[] = [
  [
    'no synchronous handles',
    "if ('FileSystemFileHandle' in globalThis) delete FileSystemFileHandle.prototype.createSyncAccessHandle;",
    lacks,
  ],
  [
    'no file system',
    'delete globalThis.FileSystemFileHandle; delete globalThis.StorageManager?.prototype.getDirectory;',
    lacks,
  ],
  [
    'a file system that refuses the first write',
    `if ('FileSystemSyncAccessHandle' in globalThis)
      FileSystemSyncAccessHandle.prototype.write = () => {
        throw new DOMException('not here', 'InvalidStateError');
      };`,
    /This window keeps no files: the browser refused to write one/,
  ],
];

export const storageChecks: readonly Check[] = variants.map(([what, script, says]) =>
  check(`a browser with ${what}: memory, and the page says why`, async (app) => {
    try {
      // A cached worker script would run without the script above. Old files must go too, since they can be read even if writing
      // fails.
      await forgetPage();
      await forgetFiles();
      await setHost({ beforeWorkers: script });
      await app.open('backend=wasm&side=64');
      await app.key('m');
      const list = await app.get('dialog', 'Models');
      await app.reads((await keepsFiles()) ? says : lacks, () => list);
      await app.press('Close', list);
      await app.key('r');
      const said = await app.reads(/no files.*A run lasts as long as the visit/);
      ensure(!said.includes('https'), `the page says: ${said}`);
    } finally {
      app.close();
      await forgetPage();
    }
  }),
);
