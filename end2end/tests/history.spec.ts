import { expect, test } from '../support/fixtures.ts';
import type { Ui } from '../support/ui.ts';

test.use({ stack: { name: 'history' } });
test.describe.configure({ mode: 'serial' });

const SEEDED = 1_000;

test('an empty history says what will be there', async ({ ui, page }) => {
  await ui.go('/log-collection');
  await expect(page.getByText('No logs have been collected yet')).toBeVisible();
  await expect(page.getByRole('table')).toHaveCount(0);
  await ui.go('/');
  await expect(page.getByText('The newest collections will be listed here.')).toBeVisible();
});

test('a thousand collections are paged, newest first', async ({ ui, page, portal }) => {
  await ui.collect({ roles: ['Networking'], window: portal.logs.window });
  await ui.reaches('Complete');
  await page.goto('about:blank');
  await portal.seed(SEEDED);

  await ui.go('/log-collection');
  await expect(page.getByText(/^1\s001 collections$/)).toBeVisible();
  const rows = ui.rows('Log collection history');
  await expect(rows).toHaveCount(50);
  await expect(rows.first()).toContainText('olga');
  await expect(rows.nth(1)).toContainText('seed 1');
  const seen = await asked(ui);

  await page.getByRole('link', { name: 'Older' }).click();
  await expect(page).toHaveURL(/\?before=[0-9a-f-]{36}$/);
  await expect(rows.first()).toContainText('seed 50');
  seen.push(...(await asked(ui)));
  expect(new Set(seen).size).toBe(100);
  await page.reload();
  await ui.ready();
  await expect(rows.first()).toContainText('seed 50');
  await page.goBack();
  await expect(rows.first()).toContainText('olga');
  await page.goForward();
  await expect(rows.first()).toContainText('seed 50');
  await page.getByRole('link', { name: 'Newest' }).click();
  await expect(page).toHaveURL(/\/log-collection$/);
  await expect(rows.first()).toContainText('olga');
});

test('filters by status and type live in the address, also on further pages', async ({ ui, page, visit }) => {
  await ui.go('/log-collection');
  const rows = ui.rows('Log collection history');
  await page.getByRole('combobox', { name: 'Status' }).selectOption('Failed');
  await expect(page).toHaveURL(/status=failed/);
  await expect(page.getByText('250 collections')).toBeVisible();
  await expect(rows.filter({ hasText: 'Failed' })).toHaveCount(50);
  await page.getByRole('combobox', { name: 'Type' }).selectOption('Proactive');
  await expect(page).toHaveURL(/type=proactive/);
  await expect(page.getByText('50 collections')).toBeVisible();
  await expect(rows.filter({ hasText: 'Proactive' })).toHaveCount(50);
  await expect(page.getByRole('link', { name: 'Older' })).toHaveCount(0);

  await page.getByRole('combobox', { name: 'Type' }).selectOption('All');
  await page.getByRole('link', { name: 'Older' }).click();
  await expect(page).toHaveURL(/status=failed.*before=/);
  await expect(rows.filter({ hasText: 'Failed' })).toHaveCount(50);

  // the address alone is enough for somebody else
  const other = await visit('support');
  await other.go(new URL(page.url()).pathname + new URL(page.url()).search);
  await expect(other.page.getByRole('combobox', { name: 'Status' })).toHaveValue('failed');
  expect(await asked(other)).toEqual(await asked(ui));
});

test('a filter without a match offers the way back', async ({ ui, page }) => {
  await ui.go('/log-collection?status=waiting');
  await expect(page.getByText('No collection matches')).toBeVisible();
  await page.getByRole('link', { name: 'Show all' }).click();
  await expect(ui.rows('Log collection history')).toHaveCount(50);
});

test('the columns are named, those of the original first', async ({ ui, page }) => {
  await ui.go('/log-collection');
  const table = page.getByRole('table', { name: 'Log collection history' });
  const names = await table.getByRole('columnheader').allInnerTexts();
  expect(names.slice(0, 5)).toEqual(['Time collected', 'Status', 'Logs start', 'Logs end', 'Type']);
});

/** Who asked for the collections on this page, which tells the seeded ones apart. */
async function asked(ui: Ui): Promise<string[]> {
  const texts = await ui.rows('Log collection history').allInnerTexts();
  return texts.map((text) => /seed \d+|olga/.exec(text)?.[0] ?? text);
}
