import { readdir, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

import { expect, test } from '../support/fixtures.ts';
import { PLANTED } from '../support/logs.ts';
import { STACK } from '../support/portal.ts';
import { fieldValue } from '../support/ui.ts';
import { leaks } from '../support/watch.ts';
import { unzip } from '../support/zip.ts';

test.use({ stack: { name: 'collect' } });

test('logs go from the browser into an Azure container, and the page follows by itself', async ({
  ui,
  page,
  portal,
  azurite,
}) => {
  const { logs } = portal;
  const container = await azurite.container();
  const sasUrl = container.sasUrl({ permissions: 'racwdl' });
  await logs.closeGate();

  await ui.go('/');
  await ui.navigation('Log collection').click();
  await expect(ui.heading()).toContainText('Log collection');
  await page.getByRole('link', { name: 'Collect logs now' }).click();
  await expect(ui.heading()).toContainText('Collect logs now');
  await expect(page.getByText('By collecting you agree')).toBeVisible();
  await ui.fillCollect({ roles: ['Storage', 'Networking', 'Slow'], window: logs.window, sasUrl });
  await expect(page.getByText(`Container ${container.name} of account`)).toBeVisible();
  await expect(page.getByText('50 min', { exact: true })).toBeVisible();
  await expect(page.getByText('3 of 5', { exact: true })).toBeVisible();
  const id = await ui.collectAndUpload();
  await page.evaluate(() => Object.assign(window, { stillTheSamePage: true }));

  await ui.reaches('In progress');
  await expect(ui.part('Storage')).toContainText('Complete');
  await expect(ui.part('Networking')).toContainText('Complete');
  await expect(ui.part('Slow')).toContainText('Collecting');
  const progress = page.getByRole('progressbar', { name: 'Progress of the collection' });
  await expect(progress).toBeVisible();
  expect(Number(await progress.getAttribute('value'))).toBeLessThan(1000);
  await expect(page.getByRole('region', { name: 'Progress' })).toContainText('Time left');

  await logs.openGate();
  await ui.reaches('Complete');
  await expect(ui.heading()).not.toContainText('Partially');
  await expect(ui.part('Slow')).toContainText('Complete');
  await expect(progress).toBeHidden();
  expect(await page.evaluate(() => 'stillTheSamePage' in window)).toBe(true);
  const about = page.getByRole('complementary', { name: 'About' });
  await expect(about).toContainText(id);
  await expect(about).toContainText(container.place);
  await expect(about).toContainText('olga');

  // support finds exactly the lines of the window
  const day = new Date().toISOString().slice(0, 10);
  const names = await container.names();
  const folder = `${STACK}/${day}/${id}`;
  const node = hostname();
  expect(names).toEqual(
    [`${node}/Networking.zip`, `${node}/Slow.zip`, `${node}/Storage.zip`, 'manifest.json']
      .map((name) => `${folder}/${name}`)
      .sort(),
  );
  const storage = await container.read(`${folder}/${node}/Storage.zip`);
  expect(await unzip(storage.bytes)).toEqual(
    new Map([
      [logs.entry('storage/app.log'), logs.within('storage/app.log')],
      [logs.entry('storage/app.log.1'), logs.within('storage/app.log.1')],
      ['commands/disks.txt', 'disk0 is well\ndisk1 is slow\ndisk2 is well\n'],
    ]),
  );
  const network = await container.read(`${folder}/${node}/Networking.zip`);
  expect(await unzip(network.bytes)).toEqual(
    new Map([[logs.entry('network/frr.log'), logs.within('network/frr.log')]]),
  );

  // the manifest says what is there, and who wanted it
  const manifest = JSON.parse((await container.read(`${folder}/manifest.json`)).bytes.toString());
  expect(manifest).toMatchObject({ id, kind: 'manual', outcome: 'complete', asked_by: 'olga', folder, node });
  expect(new Date(manifest.window.start)).toEqual(logs.window.start);
  expect(new Date(manifest.window.end)).toEqual(logs.window.end);
  expect(manifest.consent.given_by).toBe('olga');
  const volumes = new Map(
    manifest.parts.flatMap((part: { volumes: { name: string; sha256: string; size_bytes: number }[] }) =>
      part.volumes.map((volume) => [volume.name, [volume.sha256, volume.size_bytes]]),
    ),
  );
  expect(volumes.get(`${node}/Storage.zip`)).toEqual([storage.sha256, storage.bytes.length]);
  expect(volumes.get(`${node}/Networking.zip`)).toEqual([network.sha256, network.bytes.length]);
  expect(leaks(JSON.stringify(manifest), azurite.signatures)).toEqual([]);

  // and the history knows it
  await ui.navigation('Log collection').click();
  const row = ui.rows('Log collection history').filter({ has: page.locator(`a[href$="${id}"]`) });
  await expect(row).toContainText('Complete');
  await expect(row).toContainText('Manual');
  await expect(row).toContainText('olga');
  const times = row.getByRole('cell').locator('time');
  await expect(times.nth(0)).toHaveAttribute('datetime', `${logs.window.start.toISOString().slice(0, 19)}Z`);
  await expect(times.nth(1)).toHaveAttribute('datetime', `${logs.window.end.toISOString().slice(0, 19)}Z`);
  expect((await portal.files('data', 'spool')).size).toBe(0);
});

test('secrets in logs do not leave the machine', async ({ ui, page, portal, azurite }) => {
  const container = await azurite.container();
  const { logs } = portal;
  await ui.collect({ roles: ['Identity'], window: logs.window, sasUrl: container.sasUrl() });
  await ui.reaches('Complete');
  await expect(page.getByRole('table', { name: 'What was taken out' })).toBeVisible();

  const names = await container.names();
  const bundle = await container.read(names.find((name) => name.endsWith('Identity.zip')) ?? '');
  const text = (await unzip(bundle.bytes)).get(logs.entry('secrets/login.log')) ?? '';
  const lines = text.trimEnd().split('\n');
  expect(lines).toHaveLength(PLANTED.length);
  for (const [place, { secret, line }] of PLANTED.entries()) {
    expect(text).not.toContain(secret);
    // what stands before the secret is still there
    const before = line('|').split('|')[0] ?? '';
    expect(lines[place]).toContain(before.split(' ')[0]);
    expect(lines[place]).toContain('[redacted:');
  }
  const manifest = (await container.read(names.find((name) => name.endsWith('manifest.json')) ?? '')).bytes.toString();
  expect(PLANTED.filter(({ secret }) => manifest.includes(secret))).toEqual([]);
  const counted = (JSON.parse(manifest).redactions as { count: number }[]).reduce((sum, { count }) => sum + count, 0);
  expect(counted).toBeGreaterThanOrEqual(PLANTED.length);
});

test('bundles can stay in a local directory', async ({ ui, page, portal }) => {
  const id = await ui.collect({ roles: ['Storage'], window: portal.logs.window });
  await ui.reaches('Complete');
  await expect(page.getByRole('complementary', { name: 'About' })).toContainText('Local directory');
  const files = [...(await portal.files('bundles'))].filter(([name]) => name.includes(id));
  expect(files.map(([name]) => name.split('/').at(-1)).sort()).toEqual(['Storage.zip', 'manifest.json']);
  const [, bundle] = files.find(([name]) => name.endsWith('.zip')) ?? [];
  const entries = await unzip(bundle ?? Buffer.alloc(0));
  expect(entries.get(portal.logs.entry('storage/app.log'))).toBe(portal.logs.within('storage/app.log'));
});

test('a collection that is cancelled ends within two seconds and leaves nothing behind', async ({
  ui,
  page,
  portal,
  azurite,
}) => {
  const { logs } = portal;
  const container = await azurite.container();
  for (const sasUrl of [undefined, container.sasUrl({ permissions: 'rwdl' })]) {
    await logs.closeGate();
    const id = await ui.collect({
      roles: ['Storage', 'Slow'],
      window: logs.window,
      ...(sasUrl === undefined ? {} : { sasUrl }),
    });
    await ui.reaches('In progress');
    await expect(ui.part('Storage')).toContainText('Complete');
    await expect.poll(() => running(logs.slowScript)).toBe(true);

    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Stop this collection' });
    await dialog.getByRole('button', { name: 'Cancel collection' }).click();
    await ui.reaches('Cancelled', 2_000);
    await expect(dialog).toBeHidden();
    await expect(page.getByRole('button', { name: 'Cancel', exact: true })).toBeDisabled();
    expect(await running(logs.slowScript)).toBe(false);
    expect([...(await portal.files('data', 'spool')).keys()].filter((name) => name.includes(id))).toEqual([]);
    expect([...(await portal.files('bundles')).keys()].filter((name) => name.includes(id))).toEqual([]);
  }
  expect(await container.names()).toEqual([]);
});

test('a second collection queues, says so, and runs when the first is done', async ({ ui, page, portal, visit }) => {
  const { logs } = portal;
  await logs.closeGate();
  await ui.collect({ roles: ['Slow'], window: logs.window });
  await ui.reaches('In progress');

  const second = await visit('operator');
  await second.go('/log-collection/collect');
  await expect(second.page.getByText('One collection is running. This one waits for it.')).toBeVisible();
  await second.fillCollect({ roles: ['Storage'], window: logs.window });
  await second.collectAndUpload();
  await second.reaches('Queued');
  await expect(second.page.getByText('One collection is to run before this one.')).toBeVisible();

  const third = await visit('operator');
  await third.collect({ roles: ['Networking'], window: logs.window });
  await expect(third.page.getByText('2 collections are to run before this one.')).toBeVisible();
  await third.page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await third.page.getByRole('button', { name: 'Cancel collection' }).click();
  await third.reaches('Cancelled', 2_000);

  await ui.navigation('Overview').click();
  await expect(page.getByText('1 collection waits its turn')).toBeVisible();
  await logs.openGate();
  await second.reaches('Complete');
  await expect(page.getByText('no collection waits')).toBeVisible();
});

test('a collection with gaps says what is missing, and a retry fills them', async ({ ui, page, portal, azurite }) => {
  const { logs } = portal;
  const container = await azurite.container();
  await ui.collect({ roles: ['Compute', 'Networking'], window: logs.window, sasUrl: container.sasUrl() });
  await ui.reaches('Partially complete');
  await expect(ui.part('Compute')).toContainText('not found');
  await expect(ui.part('Networking')).toContainText('Complete');
  await expect(ui.rows('Missing items').filter({ hasText: logs.agentLog })).toContainText('not found');
  const before = await container.names();
  const bundle = await container.read(before.find((name) => name.endsWith('/Compute.zip')) ?? '');
  const entries = await unzip(bundle.bytes);
  expect(entries.get(logs.entry('compute/host.log'))).toBe(logs.within('compute/host.log'));
  expect(entries.get('errors.txt')).toContain(`${logs.agentLog}: not found`);

  await expect(page).toHaveTitle(/^Collection of today .* · Help \+ Support$/);
  await ui.navigation('Overview').click();
  await expect(page).toHaveTitle('Overview · Help + Support');
  await page.getByRole('link', { name: 'A collection has gaps' }).click();
  await expect(ui.heading()).toContainText('Partially complete');

  await logs.writeAgentLog();
  await page.getByRole('button', { name: 'Retry failed parts' }).click();
  await expect(ui.part('Compute')).not.toContainText('not found');
  await ui.reaches('Complete');
  await expect(ui.heading()).not.toContainText('Partially');
  await expect(page.getByRole('table', { name: 'Missing items' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Retry failed parts' })).toBeDisabled();

  const after = await container.names();
  expect(after.filter((name) => !before.includes(name)).map((name) => name.split('/').at(-1)).sort()).toEqual([
    'Compute.002.zip',
    'manifest.2.json',
  ]);
  const manifest = await container.read(after.find((name) => name.endsWith('manifest.2.json')) ?? '');
  expect(JSON.parse(manifest.bytes.toString())).toMatchObject({ outcome: 'complete' });
  const second = await container.read(after.find((name) => name.endsWith('Compute.002.zip')) ?? '');
  expect([...(await unzip(second.bytes)).keys()]).toEqual([logs.agentLog.replace(/^/, 'files')]);
});

test('a window that breaks a rule is named at its field, in the browser and by the server', async ({
  ui,
  page,
  portal,
}) => {
  const { start, end } = portal.logs.window;
  const hours = (count: number) => new Date(end.getTime() - count * 3_600_000);
  const before = (await portal.history()).length;
  await ui.go('/log-collection/collect');
  await ui.fillCollect({ roles: ['Storage'], window: { start, end } });
  for (const [window, label, name, message] of [
    [{ start: end, end: start }, 'Log end', 'end', 'Log end must be later than log start.'],
    [{ start: hours(5), end }, 'Log end', 'end', 'at most 4 h'],
    [{ start, end: new Date(Date.now() + 3_600_000) }, 'Log end', 'end', 'Log end lies in the future.'],
    [{ start: hours(200), end: hours(199) }, 'Log start', 'start', 'Log start is more than 7 days ago.'],
  ] as const) {
    const field = page.getByLabel(label);
    await ui.fillWindow(window);
    await expect(field).toHaveAttribute('aria-invalid', 'true');
    expect(await ui.described(field)).toContain(message);
    await page.getByRole('button', { name: 'Collect and upload' }).click();
    await expect(page.getByRole('alert').filter({ hasText: 'needs another look' })).toBeVisible();
    await expect(page).toHaveURL(/\/collect$/);

    const answer = await portal.post('operator', '/api/collections/start', [
      ['start', fieldValue(window.start, 'UTC')],
      ['end', fieldValue(window.end, 'UTC')],
      ['zone', 'UTC'],
      ['roles[]', 'Storage'],
      ['destination', 'directory'],
    ]);
    expect(answer.status).toBe(422);
    expect((await answer.json()).about.fields[name]).toContain(message);
  }
  await page.getByRole('button', { name: 'Last hour' }).click();
  await expect(page.getByLabel('Log start')).not.toHaveAttribute('aria-invalid', 'true');
  await ui.chooseRoles([]);
  await expect(page.getByText('Choose at least one role.')).toBeVisible();
  expect((await portal.history()).length).toBe(before);
});

/** Whether a process has this text among its arguments. */
async function running(text: string): Promise<boolean> {
  for (const name of await readdir('/proc')) {
    if (/^\d+$/.test(name)) {
      const line = await readFile(`/proc/${name}/cmdline`, 'latin1').catch(() => '');
      if (line.includes(text)) {
        return true;
      }
    }
  }
  return false;
}
