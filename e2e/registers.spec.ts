/** Tests of a network with register tokens: each register can be the query. */
import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, samplePath, test } from './scope.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const checkpoint = 'tools/reference/fixtures/checkpoints/dinov2-registers.pth';

test('registers are queries, and the caption says what CLS gives them', async ({ scope, page, folder }) => {
  const model = join(folder.path, 'registers');
  const convert = ['tools/convert/main.ts', checkpoint, '--heads', '3', '--out', model];
  execFileSync(process.execPath, ['--import', 'tsx', ...convert], { cwd: root });
  await page.route('**/models/registers/*', (route) =>
    route.fulfill({ path: join(model, basename(new URL(route.request().url()).pathname)) }),
  );
  await scope.open('backend=wasm&side=32&model=registers');
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(scope.stage).toContainText('What CLS looks at.');
  await expect(scope.fact('Attention on registers')).toHaveText(/^\d+(\.\d)?\s%$/);
  await scope.showView('Head 1');
  const fromCls = await scope.overlayPicture();
  await scope.choose('Register 2');
  await expect(scope.stage).toContainText('What register 2 looks at. Head 1: 60 %');
  const fromRegister = await scope.overlayPicture();
  expect(fromRegister).not.toBe(fromCls);
  await scope.choose('Register 3');
  expect(await scope.overlayPicture()).not.toBe(fromRegister);
  await scope.choose('CLS token');
  expect(await scope.overlayPicture()).toBe(fromCls);
});

test('a network without registers asks nothing of them', async ({ scope, page }) => {
  await scope.open();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(scope.fact('Tokens')).toHaveText(/^\d+$/);
  await expect(page.getByRole('group', { name: 'Who is looking?' }).getByRole('radio')).toHaveCount(2);
  await expect(scope.fact('Attention on registers')).toHaveCount(0);
  // The caption of a query is "What patch (row 1, column 2) looks at." or "What register 1 looks at."
  await expect(scope.stage).not.toContainText(/What (patch|register) .*looks at/);
});
