import { type App } from '../page/app.ts';
import { check, ensure, type Check } from '../page/check.ts';
import { sampleFile } from '../page/files.ts';
import { keepsFiles } from '../page/keeps-files.ts';

async function openRecognise(app: App): Promise<void> {
  await app.key('c');
  await app.get('main');
}

/** Selects a photograph and gives it to a new class. */
async function teach(app: App, photograph: RegExp, className: string): Promise<void> {
  (await app.get('option', photograph)).click();
  await app.fill('textbox', 'Name of a new class', className);
  await app.press(/^New class with 1 photograph$/);
  await app.get('option', new RegExp(photograph.source.replace('no class', className)));
}

export const recogniseChecks: readonly Check[] = [
  check(
    'photographs are told apart by two examples, and the collection is kept where the browser keeps files',
    async (app) => {
      await app.open('backend=wasm&side=128');
      await openRecognise(app);
      await app.get('heading', 'Tell things apart by example.');
      await app.give(
        await sampleFile('cat'),
        await sampleFile('cat', 'cat-again.jpg'),
        await sampleFile('dahlia'),
        await sampleFile('dahlia', 'dahlia-again.jpg'),
        new File(['no picture'], 'notes.txt'),
      );
      await app.reads(/1 file could not be used/);
      await teach(app, /^cat\.jpg, no class/, 'cats');
      await teach(app, /^dahlia\.jpg, no class/, 'flowers');
      // The same picture is its own nearest neighbour.
      await app.get('option', /^cat-again\.jpg, no class, voted cats/);
      await app.get('option', /^dahlia-again\.jpg, no class, voted flowers/);
      if (await keepsFiles()) {
        await app.reload();
        await app.get('option', /^cat-again\.jpg, no class, voted cats/);
        ensure(app.document.URL.endsWith('#recognise'), 'the screen is not in the address');
      }
      await app.press('All collections');
      if (!(await keepsFiles())) await app.reads(/A collection lasts as long as the visit/);
      // Its title counts what was dropped, then what could be used of it, and follows the classes that are given while photographs come.
      await app.press(/^Delete ([45] photographs|cats|cats, flowers)$/);
      await app.press('Delete it');
      await app.reads(/^(?!.*Kept in this browser)/);
    },
  ),
];
