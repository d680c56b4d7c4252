import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Page } from '@playwright/test';

import type { Azurite } from '../support/azurite.ts';
import { test } from '../support/fixtures.ts';
import type { Portal } from '../support/portal.ts';
import type { Ui } from '../support/ui.ts';

test.use({ stack: { name: 'pictures' } });

const HERE = dirname(fileURLToPath(import.meta.url));
const PICTURES = join(HERE, '../test-results/screenshots');
const README = join(HERE, '../screenshots');

const WIDTHS = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];

test('every page, wide and narrow, light and dark', async ({ ui, page, portal, azurite, visit, watch }) => {
  watch.expect(404, /nothing$/);
  await mkdir(PICTURES, { recursive: true });
  const { id, finished } = await live(ui, portal, azurite);
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
        ['collection-running', `/log-collection/${id}`],
        ['collection-gaps', `/log-collection/${finished}`],
        ['settings', '/settings'],
        ['not-found', '/log-collection/nothing'],
      ] as const) {
        await ui.go(path);
        await picture(page, `${name}-${kind}`);
      }
      await ui.go('/log-collection/collect');
      await picture(page, `collect-${kind}`);
      await ui.sasField().fill('https://stcontoso.blob.core.windows.net/logs?sp=r&sr=c&sv=2022-11-02');
      await picture(page, `collect-findings-${kind}`);
      await ui.go(`/log-collection/${id}`);
      await page.getByRole('button', { name: 'Cancel', exact: true }).click();
      await picture(page, `collection-cancel-${kind}`);
    }
  }
  if (process.env['README'] !== undefined) {
    await mkdir(README, { recursive: true });
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.emulateMedia({ colorScheme: 'light' });
    await ui.go('/');
    await page.screenshot({ path: join(README, 'overview.png') });
    await portal.logs.openGate();
    const sasUrl = (await azurite.container()).sasUrl();
    await ui.collect({ roles: ['Storage', 'Networking', 'Identity'], window: portal.logs.window, sasUrl });
    await ui.reaches('Complete');
    await page.screenshot({ path: join(README, 'collection.png') });
  }
  await portal.logs.openGate();
});

/** A stack at work: some collections have ended, one is running, one waits. */
async function live(ui: Ui, portal: Portal, azurite: Azurite): Promise<{ id: string; finished: string }> {
  const { logs } = portal;
  const container = await azurite.container();
  await ui.go('/settings?enable=1');
  await ui.page.getByRole('radio', { name: 'SAS URL', exact: true }).check();
  const soon = new Date(Date.now() + 12 * 86_400_000);
  await ui.sasField().fill(container.sasUrl({ expiresAt: soon }));
  await ui.page.getByRole('button', { name: 'Save' }).click();
  await ui.page.getByText('The settings are saved.').waitFor();
  await ui.collect({ roles: ['Storage', 'Networking'], window: logs.window, sasUrl: container.sasUrl() });
  await ui.reaches('Complete');
  await ui.collect({ roles: ['Networking'], window: logs.window, sasUrl: container.sasUrl({ forged: true }) });
  await ui.reaches('Failed');
  const roles = ['Storage', 'Networking', 'Identity', 'Compute'];
  const finished = await ui.collect({ roles, window: logs.window, sasUrl: container.sasUrl() });
  await ui.reaches('Partially complete');
  await logs.closeGate();
  const id = await ui.collect({
    roles: ['Storage', 'Networking', 'Identity', 'Slow'],
    window: logs.window,
    sasUrl: container.sasUrl(),
  });
  await ui.reaches('In progress');
  return { id, finished };
}

async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}
