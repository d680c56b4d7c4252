// Identifiers give way to pseudonyms, equal for equal values, and the operator looks them up.

import { mkdir, writeFile } from 'node:fs/promises';

import { expect, test } from '../support/fixtures.ts';
import type { Portal } from '../support/portal.ts';
import type { Ui } from '../support/ui.ts';
import { unzip } from '../support/zip.ts';

test.use({ stack: { name: 'identifiers' } });

const ANN = 'ann.archer@contoso.example';
const BEN = 'ben@contoso.example';
const SECRET = 'hunter2-of-ann';

/** Two files of one role that speak of the same people. */
async function log(portal: Portal): Promise<void> {
  const at = new Date(portal.logs.window.start.getTime() + 60_000).toISOString();
  await mkdir(portal.path('logs/secrets'), { recursive: true });
  await writeFile(
    portal.path('logs/secrets/people.log'),
    `${at} ${ANN} signed in with password=${SECRET}\n${at} ${BEN} wrote to ${ANN}\n`,
  );
  await writeFile(portal.path('logs/secrets/doors.log'), `${at} door opened for ${ANN}\n`);
}

/** Collects the role *Identity* with its identifiers replaced; answers its id and its bundle. */
async function collect(ui: Ui, portal: Portal): Promise<{ id: string; bundle: Map<string, string> }> {
  await ui.go('/log-collection/collect');
  await ui.fillCollect({ roles: ['Identity'], window: portal.logs.window });
  await ui.page.getByRole('checkbox', { name: 'Replace identifiers' }).check();
  const id = await ui.collectAndUpload();
  await ui.reaches('Complete');
  const files = await portal.files('bundles');
  const zip = [...files].find(([name]) => name.includes(id.slice(0, 8)) && name.endsWith('Identity.zip'));
  return { id, bundle: await unzip(zip?.[1] ?? Buffer.alloc(0)) };
}

/** The pseudonyms in a text, in order. */
function pseudonyms(text: string | undefined): string[] {
  return [...(text ?? '').matchAll(/mail-[0-9a-f]{6,}/g)].map(([found]) => found);
}

async function expectStory(ui: Ui, portal: Portal): Promise<void> {
  const { page } = ui;
  const { id, bundle } = await collect(ui, portal);
  const people = bundle.get(portal.logs.entry('secrets/people.log'));
  const doors = bundle.get(portal.logs.entry('secrets/doors.log'));
  const [ann = '', ben = '', again] = pseudonyms(people);
  expect(again).toBe(ann);
  expect(ben).not.toBe(ann);
  expect(pseudonyms(doors)).toEqual([ann]);
  for (const text of bundle.values()) {
    expect(text).not.toContain('@contoso.example');
    expect(text).not.toContain(SECRET);
  }

  await expect(page.getByRole('complementary', { name: 'About' })).toContainText('Replaced by pseudonyms');
  const link = page.getByRole('link', { name: 'Look up pseudonyms' });
  await link.click();
  await expect(page).toHaveURL(new RegExp(`/log-collection/${id}/pseudonyms$`));
  await ui.press('Look up');
  await expect(page.getByText('Enter a pseudonym, for instance')).toBeVisible();
  await page.getByRole('textbox', { name: 'Pseudonym' }).fill(`${ann}\n${ben.toUpperCase()}, mail-000000`);
  await ui.press('Look up');
  const rows = ui.rows('Pseudonyms and what they stand for');
  await expect(rows).toHaveCount(3);
  await expect(rows.nth(0)).toContainText(ANN);
  await expect(rows.nth(0)).toContainText('E-mail address');
  await expect(rows.nth(1)).toContainText(BEN);
  await expect(rows.nth(2)).toContainText('This collection has no such pseudonym');
  // neither in the address nor in what the program wrote
  await expect(page).toHaveURL(new RegExp(`/log-collection/${id}/pseudonyms$`));
  await expect(page.getByRole('textbox', { name: 'Pseudonym' })).toHaveValue(new RegExp(ann));
  expect(portal.log).not.toContain('@contoso.example');
  for (const [name, bytes] of await portal.files('data')) {
    expect(bytes.includes('@contoso.example'), name).toBe(false);
  }
}

test.beforeEach(async ({ portal }) => log(portal));

test('pseudonyms in a bundle are equal for equal values, and are looked up', async ({ ui, portal, watch }) => {
  watch.expect(422, /\/api\/pseudonyms\/look-up$/);
  await expectStory(ui, portal);
});

test('another collection does not know them', async ({ ui, page, portal }) => {
  const first = await collect(ui, portal);
  const [ann = ''] = pseudonyms(first.bundle.get(portal.logs.entry('secrets/people.log')));
  const second = await collect(ui, portal);
  expect(pseudonyms(second.bundle.get(portal.logs.entry('secrets/people.log')))).not.toContain(ann);
  await ui.go(`/log-collection/${second.id}/pseudonyms`);
  await page.getByRole('textbox', { name: 'Pseudonym' }).fill(ann);
  await ui.press('Look up');
  await expect(ui.rows('Pseudonyms and what they stand for')).toContainText('This collection has no such pseudonym');
});

test('a collection without them says so', async ({ ui, page, portal }) => {
  const id = await ui.collect({ roles: ['Identity'], window: portal.logs.window });
  await ui.reaches('Complete');
  await expect(page.getByRole('complementary', { name: 'About' })).toContainText('Kept');
  await expect(page.getByRole('link', { name: 'Look up pseudonyms' })).toHaveCount(0);
  await ui.go(`/log-collection/${id}/pseudonyms`);
  await expect(page.getByText('so its bundles hold no pseudonyms')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Look up' })).toHaveCount(0);
});

test('only operators look up', async ({ ui, portal, visit }) => {
  const { id, bundle } = await collect(ui, portal);
  const [ann = ''] = pseudonyms(bundle.get(portal.logs.entry('secrets/people.log')));
  const sam = await visit('support');
  await sam.go(`/log-collection/${id}`);
  await expect(sam.page.getByRole('link', { name: 'Look up pseudonyms' })).toHaveCount(0);
  await sam.go(`/log-collection/${id}/pseudonyms`);
  await expect(sam.page.getByRole('heading', { name: 'Not allowed' })).toBeVisible();
  const form: [string, string][] = [
    ['id', id],
    ['pseudonyms', ann],
  ];
  const asked = await portal.post('support', '/api/pseudonyms/look-up', form);
  expect(asked.status).toBe(403);
  const page = await portal.post('support', `/log-collection/${id}/pseudonyms`, form);
  expect(page.headers.get('cache-control')).toBe('no-store');
  expect(await page.text()).not.toContain(ANN);
  const nobody = await portal.post(undefined, `/log-collection/${id}/pseudonyms`, form);
  expect(await nobody.text()).not.toContain(ANN);
});

test('settings say where the form begins', async ({ ui, page }) => {
  const box = page.getByRole('checkbox', { name: 'Replace identifiers' });
  const save = async () => {
    await page.getByRole('radio', { name: 'Disable', exact: true }).check();
    await page.getByRole('radio', { name: 'Local directory', exact: true }).check();
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText('The settings are saved.')).toBeVisible();
  };
  await ui.go('/settings');
  await expect(box).not.toBeChecked();
  await box.check();
  await save();
  await expect(page.getByRole('complementary', { name: 'Now' })).toContainText('Replaced');
  await ui.go('/log-collection/collect');
  await expect(box).toBeChecked();
  await ui.go('/settings');
  await box.uncheck();
  await save();
  await ui.go('/log-collection/collect');
  await expect(box).not.toBeChecked();
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('pseudonyms are looked up all the same', async ({ ui, portal, watch }) => {
    watch.expect(422, /\/pseudonyms$/);
    await expectStory(ui, portal);
  });
});
