import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Page } from '@playwright/test';

import type { Azurite } from '../support/azurite.ts';
import { test } from '../support/fixtures.ts';
import type { Portal } from '../support/portal.ts';
import type { Ui } from '../support/ui.ts';
import { TROUBLE, writeWeek } from '../support/week.ts';
import { unzip } from '../support/zip.ts';

const LONG_ROLE = 'Infrastructure role instance controller of the second scale unit';

test.use({
  stack: {
    name: 'pictures',
    tables: `[[role]]\nname = "${LONG_ROLE}"\ndescription = "Its name is long"\n[[role.source]]\nkind = "command"\nname = "x"\nrun = ["/bin/echo", "x"]\n`,
  },
});

const HERE = dirname(fileURLToPath(import.meta.url));
const PICTURES = join(HERE, '../test-results/screenshots');
const README = join(HERE, '../screenshots');

const WIDTHS = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];

/** Ids of collections, and a pseudonym with its own. */
type Live = { running: string; complete: string; gaps: string; replaced: { id: string; pseudonym: string } };

test.beforeEach(async ({ portal }) => writeWeek(portal));

test('every page, wide and narrow, light and dark', async ({ ui, page, portal, azurite, visit, watch }) => {
  watch.expect(404, /nothing$/);
  await mkdir(PICTURES, { recursive: true });
  const live = await work(ui, portal, azurite);
  const nobody = await visit('nobody');
  await nobody.go('/sign-in?error=wrong');
  for (const size of WIDTHS) {
    for (const theme of ['light', 'dark'] as const) {
      const kind = `${size.width}-${theme}`;
      for (const each of [page, nobody.page]) {
        await each.setViewportSize(size);
        await each.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      }
      await picture(nobody.page, `sign-in-${kind}`);
      for (const [name, path] of [
        ['overview', '/'],
        ['history', '/log-collection'],
        ['history-empty', '/log-collection?status=cancelled'],
        ['collection-running', `/log-collection/${live.running}`],
        ['collection-complete', `/log-collection/${live.complete}`],
        ['collection-gaps', `/log-collection/${live.gaps}`],
        ['settings', '/settings'],
        ['not-found', '/log-collection/nothing'],
      ] as const) {
        await ui.go(path);
        await picture(page, `${name}-${kind}`);
      }
      await openCollect(ui);
      await picture(page, `collect-${kind}`);
      await page.getByRole('checkbox', { name: 'Networking' }).uncheck();
      await page.getByText('The form was changed after this preview').waitFor();
      await ui.sasField().fill('https://stcontoso.blob.core.windows.net/logs?sp=r&sr=c&sv=2022-11-02');
      await picture(page, `collect-findings-${kind}`);
      await lookUp(ui, live.replaced.id, `${live.replaced.pseudonym}\nmail-000000`);
      await picture(page, `pseudonyms-${kind}`);
      await ui.go(`/log-collection/${live.running}`);
      await page.getByRole('button', { name: 'Cancel', exact: true }).click();
      await picture(page, `collection-cancel-${kind}`);
      await page.keyboard.press('Escape');
      await ui.press('Pause');
      await ui.reaches('Waiting');
      await picture(page, `collection-paused-${kind}`);
      await ui.press('Resume');
      await ui.reaches('In progress');
    }
  }
  await portal.logs.openGate();
});

test('those of the documentation', async ({ ui, page, portal, azurite }) => {
  test.skip(process.env['README'] === undefined, 'taken with README=1');
  await mkdir(README, { recursive: true });
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  const live = await work(ui, portal, azurite);
  await ui.go('/');
  await page.screenshot({ path: join(README, 'overview.png') });
  await openCollect(ui);
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: join(README, 'collect.png') });
  // high enough that nothing is scrolled under the header
  await page.setViewportSize({ width: 1440, height: 2400 });
  await ui.chooseRoles(['Identity']);
  await ui.press('Preview redaction');
  await page.getByText('The form was changed after this preview').waitFor({ state: 'detached' });
  await page.locator('#redaction').screenshot({ path: join(README, 'redaction.png') });
  await page.setViewportSize({ width: 1440, height: 900 });
  await lookUp(ui, live.replaced.id, live.replaced.pseudonym);
  await page.screenshot({ path: join(README, 'pseudonyms.png') });
  await ui.go(`/log-collection/${live.complete}`);
  await page.screenshot({ path: join(README, 'collection.png') });
  await portal.logs.openGate();
});

/** A stack at work: some collections have ended, one is running. */
async function work(ui: Ui, portal: Portal, azurite: Azurite): Promise<Live> {
  const { logs } = portal;
  const { page } = ui;
  await logs.closeGate();
  const container = await azurite.container();
  await ui.go('/settings?enable=1');
  await page.getByRole('radio', { name: 'SAS URL', exact: true }).check();
  const soon = new Date(Date.now() + 12 * 86_400_000);
  await ui.sasField().fill(container.sasUrl({ expiresAt: soon }));
  await page.getByRole('textbox', { name: 'Bandwidth limit' }).fill('5 MiB');
  await page.getByRole('checkbox', { name: 'Replace identifiers' }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The settings are saved.').waitFor();

  const sasUrl = container.sasUrl();
  await ui.collect({ roles: ['Storage', LONG_ROLE], window: logs.window, sasUrl });
  await ui.reaches('Complete');
  await page.goto('about:blank');
  await portal.seed(70);
  await ui.collect({ roles: ['Networking'], window: logs.window, sasUrl: container.sasUrl({ forged: true }) });
  await ui.reaches('Failed');
  const id = await ui.collect({ roles: ['Identity'], window: logs.window });
  await ui.reaches('Complete');
  const replaced = { id, pseudonym: await firstPseudonym(portal, id) };
  const complete = await ui.collect({ roles: ['Storage', 'Networking', 'Identity'], window: logs.window, sasUrl });
  await ui.reaches('Complete');
  const gaps = await ui.collect({
    roles: ['Storage', 'Networking', 'Identity', 'Compute', LONG_ROLE],
    window: logs.window,
    sasUrl,
  });
  await ui.reaches('Partially complete');
  const running = await ui.collect({ roles: ['Storage', 'Networking', 'Identity', 'Slow'], window: logs.window, sasUrl });
  await ui.reaches('In progress');
  return { running, complete, gaps, replaced };
}

/** The form with a bad hour chosen on the chart, and a preview open. */
async function openCollect(ui: Ui): Promise<void> {
  const { page } = ui;
  await ui.go('/log-collection/collect');
  await page.locator('.chart-picture').waitFor();
  await ui.fillWindow(TROUBLE);
  await ui.chooseRoles(['Storage', 'Networking', 'Identity']);
  await ui.press('Preview redaction');
  await page.locator('.preview').waitFor();
  await page.locator('#estimate').waitFor();
  await page.mouse.move(0, 0);
}

/** Looks pseudonyms up in the collection that has them. */
async function lookUp(ui: Ui, id: string, text: string): Promise<void> {
  await ui.go(`/log-collection/${id}/pseudonyms`);
  await ui.page.getByRole('textbox', { name: 'Pseudonym' }).fill(text);
  await ui.press('Look up');
  await ui.rows('Pseudonyms and what they stand for').first().waitFor();
}

async function firstPseudonym(portal: Portal, id: string): Promise<string> {
  const files = await portal.files('bundles');
  const [, zip = Buffer.alloc(0)] = [...files].find(([name]) => name.includes(id) && name.endsWith('.zip')) ?? [];
  const texts = [...(await unzip(zip)).values()].join('\n');
  return /mail-[0-9a-f]{6,}/.exec(texts)?.[0] ?? '';
}

async function picture(page: Page, name: string): Promise<void> {
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}
