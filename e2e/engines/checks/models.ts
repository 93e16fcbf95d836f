import { until } from '../page/app.ts';
import { check, ensure, type Check } from '../page/check.ts';
import { fixtureFile, sampleFile } from '../page/files.ts';
import { keepsFiles } from '../page/keeps-files.ts';

const title = 'dino-full.pth';
const config = new File(['{"num_attention_heads": 3}'], 'config.json', { type: 'application/json' });

export const modelChecks: readonly Check[] = [
  check('a checkpoint is opened, used, kept where the browser keeps files, and deleted', async (app) => {
    await app.open('backend=wasm&side=128');
    await app.give(await sampleFile('cat'), await fixtureFile('checkpoints/full.pth', title), config);
    await app.factIs('Model', title);
    await app.allDone(1);
    ensure(app.all('radio', /^Head \d/).length === 3, 'the model has not the heads of its config.json');
    await app.key('m');
    let list = await app.get('dialog', 'Models');
    const own = () => app.get('listitem', title, list);
    if (!(await keepsFiles())) {
      await app.reads(/keeps no files/, () => list);
      ensure(
        app.find('button', 'Keep in this browser', list) === null,
        'the page offers to keep what it cannot',
      );
      return;
    }
    await app.press('Keep in this browser', await own());
    await app.reads(/Kept in this browser/, () => list);
    await until('the choice is remembered', () =>
      localStorage.getItem('dinoscope.settings')?.includes('own-'),
    );
    await app.reload();
    await app.get('button', new RegExp(`^${title}`));
    await app.key('m');
    list = await app.get('dialog', 'Models');
    await app.press(/^Use DINOscope mini/, list);
    await app.press(`Delete ${title}`, await own());
    await app.press('Delete', await own());
    await until('it is deleted', () => app.find('listitem', title, list) === null);
  }),
];
