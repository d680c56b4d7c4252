// Every way on which a SAS URL comes in, and then a search through everything that comes out.

import { stat, writeFile } from 'node:fs/promises';

import { expect, spills, test } from '../support/fixtures.ts';
import { leaks } from '../support/watch.ts';

test.use({ stack: { name: 'secrecy' } });

test('no signature of a SAS URL is ever written, sent or shown', async ({ ui, page, portal, azurite, visit }) => {
  test.setTimeout(120_000);
  const { logs } = portal;
  const container = await azurite.container();
  const events = await listen(`${portal.url}/events`, await portal.session('operator'));

  // accepted, refused while typing, refused by the server, refused by the service, replaced
  await ui.collect({ roles: ['Compute'], window: logs.window, sasUrl: container.sasUrl() });
  await ui.reaches('Partially complete');
  await ui.go('/log-collection/collect');
  await ui.sasField().fill(container.sasUrl({ permissions: 'r' }));
  await page.getByRole('button', { name: 'Collect and upload' }).click();
  await ui.collect({ roles: ['Networking'], window: logs.window, sasUrl: container.sasUrl({ forged: true }) });
  await ui.reaches('Failed');
  await page.getByRole('button', { name: 'Replace SAS URL' }).click();
  await ui.sasField().fill(container.sasUrl());
  await page.getByRole('button', { name: 'Use this URL' }).click();
  await page.getByRole('button', { name: 'Retry failed parts' }).click();
  await ui.reaches('Complete');

  // stored in settings, accepted and refused
  for (const permissions of ['rwl', 'r']) {
    const plain = await visit('operator', { javaScriptEnabled: false });
    await plain.go('/settings?enable=1');
    await plain.page.getByRole('radio', { name: 'SAS URL', exact: true }).check();
    await plain.sasField().fill(container.sasUrl({ permissions }));
    await plain.press('Save');
    await plain.go('/log-collection/collect');
    await plain.fillCollect({ roles: [], window: logs.window, sasUrl: container.sasUrl({ permissions }) });
    await plain.press('Collect and upload');
    await plain.go('/');
  }

  // sent where it does not belong
  for (const [path, field] of [
    ['/api/collections/start', 'start'],
    ['/api/collections/start', 'destination'],
    ['/api/collections/start', 'zone'],
    ['/api/collections/cancel', 'id'],
    ['/api/settings/save', 'proactive'],
    ['/api/settings/save', 'sas_url'],
    ['/no-such-page', 'sas_url'],
  ] as const) {
    const answer = await portal.post('operator', path, [[field, `${container.sasUrl()}\u0000`]]);
    const kept = field === 'start' || field === 'destination' || field === 'zone' || field === 'proactive';
    if (!kept) {
      // a field that is no secret is repeated to its sender, as it must be; all others are not
      expect(leaks(await answer.text(), azurite.signatures), `${path} ${field}`).toEqual([]);
    }
  }

  // by the command line, in and out of a file
  const file = portal.path('sas.txt');
  for (const grant of [{}, { forged: true }, { permissions: 'r' }]) {
    await writeFile(file, container.sasUrl(grant));
    for (const args of [
      ['sas', 'check', '--sas-url-file', file],
      ['sas', 'check', '--sas-url-file', file, '--live', '--json'],
      [
        'collect',
        '--from',
        logs.window.start.toISOString(),
        '--to',
        logs.window.end.toISOString(),
        '--role',
        'Networking',
        '--sas-url-file',
        file,
        '--json',
      ],
      ['history', '--json'],
    ]) {
      const ran = await portal.command(args);
      expect(leaks(`${ran.stdout.toString()}${ran.stderr}`, azurite.signatures), args.join(' ')).toEqual([]);
    }
  }

  // what the portal sent to whoever watches, and what support gets
  expect(leaks(events.stop(), azurite.signatures)).toEqual([]);
  expect(events.text()).toContain('"version"');
  for (const name of await container.names()) {
    const { bytes } = await container.read(name);
    expect(leaks(bytes.toString('latin1'), azurite.signatures), name).toEqual([]);
  }
  const metrics = await (await fetch(`${portal.url}/metrics`)).text();
  expect(leaks(metrics, azurite.signatures)).toEqual([]);

  // what it wrote while it ran: the log at its most talkative, database, journal of the database, spool
  // URLs that were made within one second are the same
  expect(azurite.signatures.size).toBeGreaterThan(5);
  expect(portal.log).toContain('"level":"TRACE"');
  expect([...(await portal.files('data')).keys()]).toContain('help-support.db');
  expect(await spills(portal, azurite.signatures)).toEqual([]);
});

test('what is private on disk is for its owner alone', async ({ portal }) => {
  // nobody else gets through the directory; the key is closed by itself as well
  expect((await stat(portal.path('data'))).mode & 0o777).toBe(0o700);
  const keys = [...(await portal.files('data')).keys()].filter((name) => name.includes('key'));
  expect(keys).not.toEqual([]);
  for (const key of keys) {
    expect((await stat(portal.path('data', key))).mode & 0o777, key).toBe(0o600);
  }
});

/** Listens to events until it is told to stop, and answers all that came. */
async function listen(url: string, cookie: string): Promise<{ stop: () => string; text: () => string }> {
  const over = new AbortController();
  const answer = await fetch(url, { headers: { cookie }, signal: over.signal });
  let text = '';
  const reading = async () => {
    for await (const chunk of answer.body ?? []) {
      text += Buffer.from(chunk).toString();
    }
  };
  // stopping breaks the stream off
  reading().catch(() => undefined);
  return {
    text: () => text,
    stop: () => {
      over.abort();
      return text;
    },
  };
}
