import { App, until } from '../page/app.ts';
import { check, ensure, equal, type Check } from '../page/check.ts';
import { sampleFile } from '../page/files.ts';
import { forgetPage, keptVersions, missingFiles, setHost } from '../page/host.ts';

const query = 'backend=wasm&side=64';

/** Opens the page, waits until its service worker keeps it, and opens it from there. */
async function openKept(app: App): Promise<void> {
  await app.open(query);
  await until('the service worker has taken over', () => app.window.navigator.serviceWorker.controller);
  await app.reload();
}

/** The page's first script, whose name identifies its version. */
const versionOf = (app: App): string | null | undefined =>
  app.document.querySelector('script[type=module]')?.getAttribute('src');

const registrationOf = (app: App): Promise<ServiceWorkerRegistration | undefined> =>
  app.window.navigator.serviceWorker.getRegistration();

export const updateChecks: readonly Check[] = [
  check(
    'an update takes nothing from a page that is open, and the version before goes with it',
    async (app) => {
      const other = new App();
      try {
        await forgetPage();
        await openKept(app);
        const version = versionOf(app);
        const before = (await registrationOf(app))?.active;
        await setHost({ version: 'next' });
        await other.open(`${query}&other`, { again: true });
        ensure(versionOf(other) !== version, 'the second page is of the old version');
        await (await registrationOf(other))?.update();
        await until('both versions are kept', async () => (await keptVersions()).length === 2);
        // A new cache alone says only that installing began.
        await until('the new version has taken over', async () => {
          const { installing, waiting, active } = (await registrationOf(app)) ?? {};
          const isSettled = installing === null && waiting === null && active?.state === 'activated';
          return isSettled && active !== before;
        });
        await setHost({ version: 'next' });
        await app.key('r');
        await app.get('button', 'Start training');
        await app.key('Escape');
        await app.key('m');
        const list = await app.get('dialog', 'Models');
        await app.reads(/Models take|keeps no files/, () => list);
        equal('what the host does not have', await missingFiles(), []);
        ensure(versionOf(app) === version, 'the first page is of another version');
        app.close();
        await other.reload();
        await until('the version before is gone', async () => (await keptVersions()).length === 1);
      } finally {
        app.close();
        other.close();
        await forgetPage();
      }
    },
  ),

  check('a new page before its scripts gives way to the kept one', async (app) => {
    try {
      await forgetPage();
      await openKept(app);
      const version = versionOf(app);
      await setHost({ version: 'page-first' });
      await app.reload();
      equal('the version', versionOf(app), version);
      await app.give(await sampleFile('cat'));
      await app.allDone(1);
      await setHost({ version: 'next' });
      await app.reload();
      ensure(versionOf(app) !== version, 'the whole new version is not shown');
    } finally {
      app.close();
      await forgetPage();
    }
  }),
];
