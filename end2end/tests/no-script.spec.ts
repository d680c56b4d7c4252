import { expect, test } from '../support/fixtures.ts';
import { unzip } from '../support/zip.ts';

test.use({ stack: { name: 'no-script' }, javaScriptEnabled: false });

test.describe('without JavaScript', () => {
  test('logs go into an Azure container', async ({ ui, page, portal, azurite, context }) => {
    const { logs } = portal;
    const container = await azurite.container();
    await context.clearCookies();
    await ui.go('/log-collection');
    await ui.signIn('operator');
    await expect(page).toHaveURL(/\/log-collection$/);
    await expect(page.getByText('No logs have been collected yet')).toBeVisible();
    await page.getByRole('link', { name: 'Collect logs now' }).click();
    await ui.press('Last hour');
    await expect(page).toHaveURL(/\?hours=1$/);
    await ui.fillCollect({ roles: ['Storage', 'Networking'], window: logs.window, sasUrl: container.sasUrl() });
    const id = await ui.collectAndUpload();
    await ui.reaches('Complete');
    await expect(ui.part('Storage')).toContainText('Complete');

    const names = await container.names();
    expect(names.map((name) => name.split('/').at(-1))).toEqual(
      expect.arrayContaining(['Storage.zip', 'Networking.zip', 'manifest.json']),
    );
    const bundle = await container.read(names.find((name) => name.endsWith('Storage.zip')) ?? '');
    const entries = await unzip(bundle.bytes);
    expect(entries.get(logs.entry('storage/app.log'))).toBe(logs.within('storage/app.log'));

    await ui.navigation('Log collection').click();
    await expect(ui.rows('Log collection history').filter({ has: page.locator(`a[href$="${id}"]`) })).toContainText(
      'Complete',
    );
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page).toHaveURL(/\/sign-in$/);
  });

  test('a collection is cancelled, and another one is retried', async ({ ui, page, portal, azurite }) => {
    const { logs } = portal;
    await logs.closeGate();
    await ui.collect({ roles: ['Slow'], window: logs.window });
    await ui.reaches('In progress');
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await ui.press('Cancel collection');
    await ui.reaches('Cancelled', 5_000);

    const container = await azurite.container();
    await ui.collect({ roles: ['Networking'], window: logs.window, sasUrl: container.sasUrl({ forged: true }) });
    await ui.reaches('Failed');
    await page.getByRole('button', { name: 'Replace SAS URL' }).click();
    await ui.sasField().fill(container.sasUrl());
    await ui.press('Use this URL');
    await ui.press('Retry failed parts');
    await ui.reaches('Complete');
  });

  test('the history is filtered and the theme is changed', async ({ ui, page }) => {
    await ui.go('/log-collection');
    await page.getByRole('combobox', { name: 'Status' }).selectOption('Cancelled');
    await ui.press('Filter');
    await expect(page).toHaveURL(/status=cancelled/);
    for (const row of await ui.rows('Log collection history').all()) {
      await expect(row).toContainText('Cancelled');
    }
    await ui.press('Dark theme');
    await expect(page).toHaveURL(/status=cancelled/);
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  });
});
