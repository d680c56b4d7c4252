// Before anything is collected: what redaction would take out, of real files with real secrets.

import { writeFile } from 'node:fs/promises';

import { expect, test } from '../support/fixtures.ts';
import { PLANTED } from '../support/logs.ts';
import type { Portal } from '../support/portal.ts';
import type { Ui } from '../support/ui.ts';

test.use({ stack: { name: 'preview' } });

const ANN = 'ann.archer@contoso.example';

async function open(ui: Ui, portal: Portal, roles: string[]): Promise<void> {
  await ui.go('/log-collection/collect');
  await ui.fillCollect({ roles, window: portal.logs.window });
}

async function expectStory(ui: Ui, portal: Portal): Promise<void> {
  const { page } = ui;
  const preview = page.locator('.preview');
  await open(ui, portal, ['Storage', 'Identity', 'Slow']);
  await ui.press('Preview redaction');
  await expect(preview.getByRole('heading')).toHaveText(['Storage', 'Identity', 'Slow']);
  await expect(preview.locator('section').nth(2)).toContainText('Commands run only when logs are collected');
  const lines = preview.getByRole('list', { name: 'Lines of Identity' });
  await expect(lines.locator('mark').first()).toHaveText(/^\[redacted:/);
  // the form is as it was filled
  await expect(page.getByRole('checkbox', { name: 'Networking' })).not.toBeChecked();
  await expect(page.getByRole('checkbox', { name: 'Identity' })).toBeChecked();
  await expect(page.getByRole('radio', { name: 'Local directory' })).toBeChecked();

  await page.getByRole('checkbox', { name: 'Replace identifiers' }).check();
  await ui.press('Preview redaction');
  await expect(preview).toContainText('identifiers replaced');
  await expect(lines).toContainText(/mail to mail-[0-9a-f]{6}/);
  await expect(page.getByRole('checkbox', { name: 'Replace identifiers' })).toBeChecked();
  const shown = await page.content();
  expect(shown).not.toContain(ANN);
  for (const { secret } of PLANTED) {
    expect(shown).not.toContain(secret);
  }
  await expect(page).toHaveURL(/\/log-collection\/collect(#redaction)?$/);
  expect(await portal.history()).toEqual([]);
}

test.beforeEach(async ({ portal }) => {
  const at = new Date(portal.logs.window.start.getTime() + 60_000).toISOString();
  await writeFile(portal.path('logs/secrets/mail.log'), `${at} mail to ${ANN}\n`);
});

test('it shows counts and lines with marks, and never what was taken out', async ({ ui, portal }) => {
  await expectStory(ui, portal);
});

test('where nothing is found it says so', async ({ ui, page, portal }) => {
  await open(ui, portal, ['Networking']);
  await ui.press('Preview redaction');
  await expect(page.getByText('Nothing to take out was found')).toBeVisible();
  await expect(page.locator('.preview')).toContainText('All of it was read: 1 item');
});

test('it is marked while the form says something else', async ({ ui, page, portal }) => {
  const old = page.getByText('The form was changed after this preview');
  await open(ui, portal, ['Storage', 'Identity']);
  await ui.press('Preview redaction');
  await expect(page.locator('.preview').getByRole('heading')).toHaveText(['Storage', 'Identity']);
  await expect(old).toHaveCount(0);
  const identifiers = page.getByRole('checkbox', { name: 'Replace identifiers' });
  await identifiers.check();
  await expect(old).toBeVisible();
  await identifiers.uncheck();
  await expect(old).toHaveCount(0);
  await page.getByLabel('Log start').fill('');
  await expect(old).toBeVisible();
  await ui.fillWindow(portal.logs.window);
  await expect(old).toHaveCount(0);
  await ui.chooseRoles(['Identity']);
  await expect(old).toBeVisible();
  await ui.press('Preview redaction');
  await expect(page.locator('.preview').getByRole('heading')).toHaveText(['Identity']);
  await expect(old).toHaveCount(0);
});

test('what it needs is asked for', async ({ ui, page, portal, watch }) => {
  watch.expect(422, /\/api\/preview$/);
  await open(ui, portal, []);
  await ui.press('Preview redaction');
  await expect(page.getByText('There is no preview yet. Choose at least one role.')).toBeVisible();
  await ui.chooseRoles(['Identity']);
  await ui.press('Preview redaction');
  await expect(page.locator('.preview')).toContainText('Identity');
  await expect(page.getByText('There is no preview yet')).toHaveCount(0);
});

test('only operators see it', async ({ portal }) => {
  const { start, end } = portal.logs.window;
  const form: [string, string][] = [
    ['start', start.toISOString()],
    ['end', end.toISOString()],
    ['roles[]', 'Identity'],
  ];
  expect((await portal.post('support', '/api/preview', form)).status).toBe(403);
  expect((await portal.post('operator', '/api/preview', form)).status).toBe(200);
  const page = await portal.post('support', '/log-collection/collect', form);
  expect(await page.text()).not.toContain('redacted:');
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the form comes back with the preview', async ({ ui, portal }) => {
    await expectStory(ui, portal);
  });

  test('the SAS URL is not sent back', async ({ ui, page, portal, azurite }) => {
    const container = await azurite.container();
    await ui.go('/log-collection/collect');
    await ui.fillCollect({ roles: ['Networking'], window: portal.logs.window, sasUrl: container.sasUrl() });
    await ui.press('Preview redaction');
    await expect(page.getByText('Nothing to take out was found')).toBeVisible();
    await expect(ui.sasField()).toHaveValue('');
  });
});
