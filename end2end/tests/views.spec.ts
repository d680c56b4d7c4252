import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

import { expect, test } from '../support/fixtures.ts';
import { PLANTED } from '../support/logs.ts';
import { fieldValue, type Ui } from '../support/ui.ts';
import { writeWeek } from '../support/week.ts';

test.use({ stack: { name: 'views' } });

/** Each page, in a state that shows much of it. */
async function pages(ui: Ui, window: { start: Date; end: Date }): Promise<string[]> {
  await ui.collect({ roles: ['Compute', 'Identity', 'Networking'], window });
  await ui.reaches('Partially complete');
  const collection = new URL(ui.page.url()).pathname;
  return [
    '/',
    '/log-collection',
    '/log-collection?status=cancelled',
    '/log-collection/collect',
    collection,
    '/log-collection/no-such-collection',
    '/settings',
    '/no-such-page',
  ];
}

for (const theme of ['light', 'dark'] as const) {
  test(`no page has barriers, in the ${theme} theme`, async ({ ui, page, portal, watch, visit }) => {
    test.setTimeout(120_000);
    watch.expect(404, /no-such/);
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    for (const path of await pages(ui, portal.logs.window)) {
      await ui.go(path);
      await barrierFree(page, path);
    }
    // with errors and findings in it
    await ui.go('/log-collection/collect');
    await ui.fillCollect({ roles: [], window: portal.logs.window, sasUrl: 'http://blobs.contoso.example/?sp=r' });
    await barrierFree(page, 'a form with errors');
    // with a window on the chart, its table, and a preview that is out of date
    await writeWeek(portal);
    await ui.go('/log-collection/collect');
    await ui.chooseRoles(['Storage', 'Networking', 'Identity']);
    await page.locator('.chart-bar-chosen').first().waitFor();
    await page.getByText('Volume as a table').click();
    await ui.press('Preview redaction');
    await page.locator('.preview mark').first().waitFor();
    await page.getByRole('checkbox', { name: 'Replace identifiers' }).check();
    await page.getByText('The form was changed after this preview').waitFor();
    await barrierFree(page, 'chart and preview');
    await page.getByRole('slider', { name: 'Start of the window' }).focus();
    await barrierFree(page, 'a handle of the chart');

    await page.getByRole('radio', { name: 'Local directory', exact: true }).check();
    await ui.collectAndUpload();
    await ui.reaches('Complete');
    await page.getByRole('link', { name: 'Look up pseudonyms' }).click();
    await ui.heading().filter({ hasText: 'Pseudonyms' }).waitFor();
    await barrierFree(page, 'pseudonyms');
    await page.getByRole('textbox', { name: 'Pseudonym' }).fill('mail-000000');
    await ui.press('Look up');
    await ui.rows('Pseudonyms and what they stand for').first().waitFor();
    await barrierFree(page, 'pseudonyms that were looked up');

    const nobody = await visit('nobody', { colorScheme: theme });
    await nobody.go('/sign-in?error=wrong');
    await barrierFree(nobody.page, '/sign-in');
  });
}

test('a running collection and its dialogs have no barriers', async ({ ui, page, portal, azurite }) => {
  const { logs } = portal;
  await logs.closeGate();
  const container = await azurite.container();
  await ui.collect({ roles: ['Storage', 'Slow'], window: logs.window, sasUrl: container.sasUrl() });
  await ui.reaches('In progress');
  await barrierFree(page, 'a running collection');
  for (const name of ['Cancel', 'Replace SAS URL']) {
    await page.getByRole('button', { name, exact: true }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await barrierFree(page, name);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
    await expect(page.getByRole('button', { name, exact: true })).toBeFocused();
  }
  await logs.openGate();
  await ui.reaches('Complete');
});

test('no page is wider than a phone', async ({ ui, page, portal, watch }) => {
  watch.expect(404, /no-such/);
  const paths = await pages(ui, portal.logs.window);
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of paths) {
    await ui.go(path);
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(beyond, path).toBeLessThanOrEqual(0);
  }
  // the navigation is a menu there
  await ui.go('/');
  await expect(ui.navigation('Settings')).toBeHidden();
  await page.getByRole('button', { name: 'Menu' }).click();
  await ui.navigation('Settings').click();
  await expect(ui.heading()).toContainText('Settings');
  await expect(ui.navigation('Settings')).toBeHidden();
});

test('the theme is switched, kept, and otherwise the system’s', async ({ ui, page }) => {
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.emulateMedia({ colorScheme: 'light' });
  await ui.go('/');
  const light = await background();
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect.poll(background).not.toBe(light);
  const dark = await background();

  await page.getByRole('button', { name: 'Light theme' }).click();
  await expect.poll(background).toBe(light);
  await expect(page.getByRole('button', { name: 'Light theme' })).toHaveAttribute('aria-pressed', 'true');
  await ui.go('/settings');
  expect(await background()).toBe(light);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.getByRole('button', { name: 'Dark theme' }).click();
  await expect.poll(background).toBe(dark);
  await page.getByRole('button', { name: 'Theme of the system' }).click();
  await expect.poll(background).toBe(light);
});

test('the way through a page by keyboard begins at its content', async ({ ui, page }) => {
  await ui.go('/log-collection');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  const inside = await page.evaluate(() => document.activeElement?.closest('main') !== null);
  expect(inside).toBe(true);
});

test.describe('far away', () => {
  const zone = 'America/St_Johns';
  test.use({ timezoneId: zone });

  test('times are shown and typed in the viewer’s zone', async ({ ui, page, portal }) => {
    const { window } = portal.logs;
    await ui.go('/log-collection/collect');
    await expect(page.getByRole('banner').getByText(zone)).toBeVisible();
    await expect(page.getByText(/America\/St_Johns \(UTC.[23]:30\)/)).toBeVisible();
    // the fields begin with the last four hours
    const end = await page.getByLabel('Log end').inputValue();
    const minutes = [0, 1, 2].map((ago) => fieldValue(new Date(Date.now() - ago * 60_000), zone));
    expect(minutes).toContain(end);

    await ui.fillCollect({ roles: ['Networking'], window });
    await expect(page.getByLabel('Log start')).toHaveValue(fieldValue(window.start, zone));
    const id = await ui.collectAndUpload();
    await ui.reaches('Complete');
    const manifest = [...(await portal.files('bundles'))].find(([name]) => name.includes(id) && name.endsWith('.json'));
    expect(new Date(JSON.parse(manifest?.[1].toString() ?? '').window.start)).toEqual(window.start);

    await ui.go('/log-collection');
    const start = ui.rows('Log collection history').first().getByRole('cell').locator('time').first();
    await expect(start).toHaveAttribute('datetime', `${window.start.toISOString().slice(0, 19)}Z`);
    await expect(start).toContainText(fieldValue(window.start, zone).slice(11));
    // from the second page on the server knows the zone by itself
    const answer = await page.request.get('/log-collection');
    expect(await answer.text()).toContain(zone);
  });
});

test('the correlation ID is copied', async ({ ui, page, portal, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const id = await ui.collect({ roles: ['Networking'], window: portal.logs.window });
  // until then the page is made anew with each news, and with it what it said of the copying
  await ui.reaches('Complete');
  await page.getByRole('button', { name: 'Copy correlation ID' }).click();
  await expect(page.getByText('Copied')).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(id);
});

test('what was taken out is counted, and what it was is not shown', async ({ ui, page, portal }) => {
  await ui.collect({ roles: ['Identity'], window: portal.logs.window });
  await ui.reaches('Complete');
  const text = await page.content();
  expect(PLANTED.filter(({ secret }) => text.includes(secret))).toEqual([]);
});

async function barrierFree(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`);
  expect(found, where).toEqual([]);
}
