/** Recognise without a mouse: what is announced, and where the focus goes. */
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { piecesOf, Recognise, writeClasses, writePieces } from './recognise-view.ts';
import { expect, placeOf, test } from './scope.ts';

test.describe.configure({ timeout: 600_000 });

interface DropsFiles {
  drop(...files: string[]): Promise<void>;
}

/** Three cats and three dogs, in their folders. */
async function openPets(scope: DropsFiles, page: Page, folder: string): Promise<Recognise> {
  const recognise = new Recognise(page);
  await recognise.open();
  await scope.drop(...(await writeClasses(folder, { cats: 'cat', dogs: 'dog' }, 3)));
  await recognise.has(6);
  await recognise.accuracy();
  return recognise;
}

const announced = (page: Page) => page.locator('[data-announcer]');

test('the tabs are one stop for Tab, and arrows, Home and End go through them', async ({
  scope,
  page,
  folder,
}) => {
  await openPets(scope, page, folder.path);
  const tabs = page.getByRole('tab');
  const last = (await tabs.count()) - 1;
  await tabs.first().focus();
  for (const [key, at] of [
    ['ArrowRight', 1],
    ['End', last],
    ['ArrowRight', 0],
    ['ArrowLeft', last],
    ['Home', 0],
  ] as const) {
    await page.keyboard.press(key);
    await expect(tabs.nth(at)).toBeFocused();
    await expect(tabs.nth(at)).toHaveAttribute('aria-selected', 'true');
  }
  await page.keyboard.press('Tab');
  expect(
    await page.locator(':focus').evaluate((element) => element.closest('[role=tabpanel]') !== null),
  ).toBe(true);
});

test('the menu of several photographs shows a class only where all have it, and gives each class to all', async ({
  scope,
  page,
  folder,
}) => {
  const recognise = await openPets(scope, page, folder.path);
  const menu = page.getByRole('combobox', { name: 'Class' });
  const chosen = menu.locator('option:checked');
  await recognise.photograph(/^dog-1/).click();
  await recognise.photograph(/^cat-1/).click({ modifiers: ['ControlOrMeta'] });
  await expect(chosen).toHaveText('Several');
  // That of the photograph that is shown by itself.
  await menu.selectOption('cats');
  await recognise.countIs('cats', 4);
  await expect(chosen).toHaveText('cats');
  await expect(menu.getByRole('option', { name: 'Several' })).toHaveCount(0);
  await menu.selectOption('No class');
  await recognise.countIs('cats', 2);
});

test('a long name of a photograph leaves the room to its picture and its class', async ({
  scope,
  page,
  folder,
}) => {
  const recognise = new Recognise(page);
  await recognise.open();
  const [piece] = await piecesOf('cat', 1);
  const name = `${'long'.repeat(48)}.jpg`;
  await scope.drop(await folder.write(name, piece ?? Buffer.of()));
  await recognise.has(1);
  await page.setViewportSize({ width: 360, height: 740 });
  await recognise.photograph(/^long/).click();
  const heading = page.getByRole('heading', { name });
  await expect(heading).toHaveAttribute('title', name);
  const lines = await heading.evaluate(
    (element) => element.clientHeight / parseFloat(getComputedStyle(element).lineHeight),
  );
  expect(lines).toBeCloseTo(3, 1);
});

test('the map tells each photograph that the arrows reach, and a class that is made is told', async ({
  scope,
  page,
  folder,
}) => {
  await openPets(scope, page, folder.path);
  await page.getByRole('textbox', { name: 'Name of a new class' }).fill('birds');
  await page.keyboard.press('Enter');
  await expect(announced(page)).toHaveText('New class: birds.');
  await page.getByRole('textbox', { name: 'Name of a new class' }).fill('birds');
  await page.keyboard.press('Enter');
  await expect(announced(page)).toHaveText('There is a class birds already.');
  await page.getByRole('tab', { name: 'Map' }).click();
  const map = page.getByRole('application', { name: /^Map of 6 photographs/ });
  await map.focus();
  await page.keyboard.press('ArrowRight');
  await expect(announced(page)).toHaveText(
    /^(cat|dog)-\d\.jpg, (cat|dog)s, voted (cat|dog)s \d+(\.\d)?\s%\.$/,
  );
  const first = await page.locator('#detail-title').textContent();
  await expect(announced(page)).toContainText(first ?? 'no name');
  for (const key of ['ArrowRight', 'ArrowLeft', 'ArrowUp', 'ArrowDown'])
    if ((await page.locator('#detail-title').textContent()) === first)
      await page.keyboard.press(`Shift+${key}`);
  await expect(announced(page)).toHaveText(/, 2 selected\.$/);
});

test('the focus stays where the keys were when a button goes or has nothing more to do', async ({
  scope,
  page,
  folder,
}) => {
  const recognise = await openPets(scope, page, folder.path);
  const list = page.getByRole('listbox', { name: 'Photographs of the collection' });
  const details = page.getByRole('complementary', { name: 'The chosen photograph' });
  await recognise.photograph(/^cat-1/).click();
  await page.keyboard.press('2');
  await recognise.countIs('dogs', 4);
  const undo = page.getByRole('button', { name: 'Undo the last change of classes (Z)' });
  await undo.press('Enter');
  await recognise.countIs('dogs', 3);
  await expect(undo).toBeDisabled();
  await expect(undo).toBeFocused();
  await undo.press('Enter');

  await page.getByRole('button', { name: /^cats/ }).first().press('Enter');
  await page.getByRole('button', { name: 'Show all photographs' }).press('Enter');
  await expect(list).toBeFocused();

  // The map is laid out again without it, and has the keys again.
  await page.getByRole('tab', { name: 'Map' }).click();
  const map = page.getByRole('application', { name: /^Map of / });
  await map.focus();
  await page.keyboard.press('ArrowRight');
  await details.getByRole('button', { name: 'Take it out of the collection' }).press('Enter');
  await expect(page.getByRole('application', { name: /^Map of 5 photographs/ })).toBeFocused();
  // What was taken out comes back.
  await page.keyboard.press('z');
  await expect(page.getByRole('application', { name: /^Map of 6 photographs/ })).toBeFocused();
  await page.getByRole('tab', { name: 'Classes' }).click();
  await expect(page.locator('.grid-head')).toContainText('6 photographs');
  await list.focus();
  await page.keyboard.press('Home');
  await details.getByRole('button', { name: 'Take it out of the collection' }).press('Enter');
  await recognise.has(5);
  await expect(list).toBeFocused();

  await page.getByRole('button', { name: 'All collections' }).press('Enter');
  await page.getByRole('button', { name: 'Delete cats, dogs' }).press('Enter');
  await page.getByRole('button', { name: 'Delete it' }).press('Enter');
  await expect(page.locator('.kept-collection')).toHaveCount(0);
  await expect(page.locator('.recognise-start')).toBeFocused();
});

test('where there is no room for a collection the reason has the page’s margins', async ({
  scope,
  page,
  folder,
}) => {
  await new Recognise(page).open();
  const devtools = await page.context().newCDPSession(page);
  const { origin } = new URL(page.url());
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
  await scope.drop(await writePieces(join(folder.path, 'cats'), 'cat', 2));
  const reason = page.locator('.recognise > .side-failure');
  await expect(reason).toContainText('There is not enough room in this browser', { timeout: 60_000 });
  const { x, width } = await placeOf(reason);
  const within = await page.evaluate(() => document.documentElement.clientWidth);
  expect(x).toBeGreaterThanOrEqual(8);
  expect(x + width).toBeLessThanOrEqual(within - 8);
});
