import type { Container } from '../support/azurite.ts';
import { expect, test } from '../support/fixtures.ts';
import { fieldValue } from '../support/ui.ts';

test.use({ stack: { name: 'sas' } });

/** SAS URLs that cannot take a collection, and what is said of each. */
const BAD: { name: string; make: (container: Container) => string; says: string }[] = [
  { name: 'no URL at all', make: () => 'let me in', says: 'URL' },
  {
    name: 'an expired one',
    make: (container) => container.sasUrl({ expiresAt: new Date(Date.now() - 86_400_000) }),
    says: 'expired',
  },
  {
    name: 'one that is not valid yet',
    make: (container) => container.sasUrl({ startsAt: new Date(Date.now() + 86_400_000) }),
    says: 'not valid before',
  },
  {
    name: 'one that can only read',
    make: (container) => container.sasUrl({ permissions: 'rl' }),
    says: 'does not allow to write',
  },
  {
    name: 'one without its signature',
    make: (container) => container.sasUrl().replace(/&sig=[^&]*/, ''),
    says: 'signature',
  },
  {
    name: 'a blob’s',
    make: (container) => container.sasUrl().replace('sr=c', 'sr=b'),
    says: 'blob',
  },
  {
    name: 'one over http to another machine',
    make: (container) => container.sasUrl().replace('127.0.0.1', 'blobs.contoso.example'),
    says: 'https',
  },
];

for (const { name, make, says } of BAD) {
  test(`${name} is explained while it is typed, and refused by the server`, async ({ ui, page, portal, azurite, visit }) => {
    const sasUrl = make(await azurite.container());
    const { window } = portal.logs;
    const before = await portal.history();

    await ui.go('/log-collection/collect');
    await ui.fillCollect({ roles: ['Storage'], window, sasUrl });
    await expect(ui.sasField()).toHaveAttribute('aria-invalid', 'true');
    expect(await ui.described(ui.sasField())).toContain(says);
    await page.getByRole('button', { name: 'Collect and upload' }).click();
    await expect(page.getByRole('alert').filter({ hasText: 'needs another look' })).toBeVisible();
    await expect(page).toHaveURL(/\/collect$/);
    expect(await ui.described(ui.sasField())).toContain(says);

    // the same by a form without a script, which comes back without the URL and with the rest
    const plain = await visit('operator', { javaScriptEnabled: false });
    await plain.go('/log-collection/collect');
    await plain.fillCollect({ roles: ['Storage'], window, sasUrl });
    const start = await plain.page.getByLabel('Log start').inputValue();
    await plain.press('Collect and upload');
    await expect(plain.page.getByRole('alert').filter({ hasText: 'needs another look' })).toBeVisible();
    expect(await plain.described(plain.sasField())).toContain(says);
    await expect(plain.sasField()).toHaveAttribute('aria-invalid', 'true');
    await expect(plain.sasField()).toHaveValue('');
    await expect(plain.page.getByLabel('Log start')).toHaveValue(start);
    await expect(plain.page.getByRole('checkbox', { name: 'Storage' })).toBeChecked();
    await expect(plain.page.getByRole('checkbox', { name: 'Compute' })).not.toBeChecked();

    // and by whoever posts without any page
    const answer = await portal.post('operator', '/api/collections/start', [
      ['start', fieldValue(window.start, 'UTC')],
      ['end', fieldValue(window.end, 'UTC')],
      ['zone', 'UTC'],
      ['roles[]', 'Storage'],
      ['destination', 'sas_url'],
      ['sas_url', sasUrl],
    ]);
    expect(answer.status).toBe(422);
    expect((await answer.json()).about.fields.sas_url).toContain(says);
    expect(await portal.history()).toEqual(before);
  });
}

test('a finding goes away when the field is put right', async ({ ui, azurite }) => {
  const container = await azurite.container();
  await ui.go('/log-collection/collect');
  await ui.sasField().fill(container.sasUrl({ permissions: 'rl' }));
  await expect(ui.sasField()).toHaveAttribute('aria-invalid', 'true');
  await ui.sasField().fill(`  "${container.sasUrl({ permissions: 'rwl' })}"\n`);
  await expect(ui.sasField()).not.toHaveAttribute('aria-invalid', 'true');
  const said = await ui.described(ui.sasField());
  expect(said).toContain(`Container ${container.name} of account devstoreaccount1; read, write, list`);
  expect(said).toContain('does not allow to delete');
});

test('a SAS URL that may not list or read is warned of, and works', async ({ ui, portal, azurite }) => {
  const container = await azurite.container();
  await ui.go('/log-collection/collect');
  await ui.fillCollect({
    roles: ['Storage'],
    window: portal.logs.window,
    sasUrl: container.sasUrl({ permissions: 'w' }),
  });
  await expect(ui.sasField()).not.toHaveAttribute('aria-invalid', 'true');
  const said = await ui.described(ui.sasField());
  expect(said).toContain('does not allow to read');
  expect(said).toContain('does not allow to list');
  await ui.collectAndUpload();
  await ui.reaches('Complete');
  expect(last(await container.names())).toEqual(['Storage.zip', 'manifest.json']);
});

test('a SAS URL that the service refuses fails with a plain reason; with a right one it is retried', async ({
  ui,
  page,
  portal,
  azurite,
}) => {
  const container = await azurite.container();
  await ui.go('/log-collection/collect');
  const forged = container.sasUrl({ forged: true });
  await ui.fillCollect({ roles: ['Storage', 'Networking'], window: portal.logs.window, sasUrl: forged });
  // its form is right, so nothing can be said against it yet
  await expect(ui.sasField()).not.toHaveAttribute('aria-invalid', 'true');
  await ui.collectAndUpload();
  await ui.reaches('Failed');
  await expect(page.getByRole('alert').filter({ hasText: 'does not accept the SAS URL' })).toBeVisible();
  await expect(ui.part('Storage')).toContainText('the destination refused it');
  await expect(page.getByRole('button', { name: 'Cancel', exact: true })).toBeDisabled();

  await page.getByRole('button', { name: 'Replace SAS URL' }).click();
  const dialog = page.getByRole('dialog', { name: 'Use another SAS URL' });
  await dialog.getByRole('textbox', { name: 'Blob container SAS URL' }).fill(container.sasUrl());
  await dialog.getByRole('button', { name: 'Use this URL' }).click();
  await expect(dialog).toBeHidden();
  await page.getByRole('button', { name: 'Retry failed parts' }).click();
  await ui.reaches('Complete');
  expect(last(await container.names())).toEqual(['Networking.zip', 'Storage.zip', 'manifest.json']);
});

test('while the destination is out of reach a collection waits, and then goes on by itself', async ({
  ui,
  page,
  portal,
  azurite,
}) => {
  const container = await azurite.container();
  await portal.logs.closeGate();
  await ui.collect({ roles: ['Slow'], window: portal.logs.window, sasUrl: container.sasUrl() });
  await expect(ui.part('Slow')).toContainText('Collecting');
  await azurite.pause();
  try {
    await portal.logs.openGate();
    await ui.reaches('Waiting', 40_000);
    await expect(page.getByText('kept on this machine')).toBeVisible();
  } finally {
    await azurite.resume();
  }
  await ui.reaches('Complete', 40_000);
  expect(last(await container.names())).toEqual(['Slow.zip', 'manifest.json']);
});

/** Blob names without their folders. */
function last(names: string[]): string[] {
  return names.map((name) => name.split('/').at(-1) ?? '').sort();
}
