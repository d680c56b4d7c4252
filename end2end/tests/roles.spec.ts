import { expect, test } from '../support/fixtures.ts';
import { fieldValue } from '../support/ui.ts';

test.use({ stack: { name: 'roles' } });

test('support sees everything and can change nothing', async ({ ui, page, portal, azurite, visit }) => {
  const container = await azurite.container();
  const operator = await visit('operator');
  const id = await operator.collect({
    roles: ['Compute'],
    window: portal.logs.window,
    sasUrl: container.sasUrl(),
  });
  await operator.reaches('Partially complete');

  const support = await visit('support');
  await support.go('/');
  await expect(support.page.getByRole('button', { name: 'Enable proactive log collection' })).toBeDisabled();
  await expect(support.page.getByRole('link', { name: 'Collect logs now' })).toHaveCount(0);
  await support.navigation('Log collection').click();
  await expect(support.rows('Log collection history')).toHaveCount(1);
  await expect(support.page.getByRole('link', { name: 'Collect logs now' })).toHaveCount(0);
  await expect(support.page.getByText('Collections are started by an operator.')).toBeVisible();
  await support.rows('Log collection history').getByRole('link').first().click();
  await expect(support.heading()).toContainText('Partially complete');
  await expect(support.part('Compute')).toContainText('not found');
  for (const name of ['Cancel', 'Retry failed parts', 'Replace SAS URL']) {
    await expect(support.page.getByRole('button', { name, exact: true })).toHaveCount(0);
  }
  await support.navigation('Settings').click();
  await expect(support.page.getByText('Only an operator can change the settings.')).toBeVisible();
  await expect(support.page.getByRole('radio', { name: 'Enable', exact: true })).toBeDisabled();
  await expect(support.page.getByRole('button', { name: 'Save' })).toHaveCount(0);
  await expect(support.sasField()).toHaveCount(0);

  const { window } = portal.logs;
  const sasUrl = container.sasUrl();
  const changes: [string, [string, string][]][] = [
    [
      '/api/collections/start',
      [
        ['start', fieldValue(window.start, 'UTC')],
        ['end', fieldValue(window.end, 'UTC')],
        ['zone', 'UTC'],
        ['roles[]', 'Storage'],
        ['destination', 'sas_url'],
        ['sas_url', sasUrl],
      ],
    ],
    ['/api/collections/cancel', [['id', id]]],
    ['/api/collections/retry', [['id', id]]],
    [
      '/api/collections/replace-sas',
      [
        ['id', id],
        ['sas_url', sasUrl],
      ],
    ],
    [
      '/api/settings/save',
      [
        ['proactive', 'enable'],
        ['destination', 'sas_url'],
        ['sas_url', sasUrl],
      ],
    ],
  ];
  const before = await portal.history();
  for (const [path, form] of changes) {
    expect((await portal.post('support', path, form)).status, `support on ${path}`).toBe(403);
    expect((await portal.post(undefined, path, form)).status, `nobody on ${path}`).toBe(401);
  }
  expect(await portal.history()).toEqual(before);
  await ui.go('/settings');
  await expect(page.getByRole('complementary', { name: 'Now' })).toContainText('Off');
});

test('the collect form tells support that only an operator may', async ({ visit }) => {
  const support = await visit('support');
  await support.go('/log-collection/collect');
  await expect(support.page.getByText('Only an operator can do this.')).toBeVisible();
  await expect(support.page.getByRole('button', { name: 'Collect and upload' })).toHaveCount(0);
});

test('nobody reads anything without signing in', async ({ portal }) => {
  for (const path of [
    '/api/overview',
    '/api/settings',
    '/api/collections',
    '/api/collections/one?id=x',
    '/api/collections/options',
    '/events',
  ]) {
    const answer = await fetch(`${portal.url}${path}`, { redirect: 'manual' });
    expect(answer.status, path).toBe(401);
  }
  for (const path of ['/', '/settings', '/log-collection', '/log-collection/collect', '/log-collection/x']) {
    const answer = await fetch(`${portal.url}${path}`, { redirect: 'manual' });
    expect(answer.status, path).toBe(303);
    expect(answer.headers.get('location')).toMatch(/^\/sign-in/);
  }
});

test('a change that another site asks for is refused', async ({ portal }) => {
  const cookie = await portal.session('operator');
  const origins: Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    {},
  ];
  for (const headers of origins) {
    const answer = await fetch(`${portal.url}/api/settings/save`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie, ...headers },
      body: new URLSearchParams({ proactive: 'enable', destination: 'directory' }),
    });
    expect(answer.status, JSON.stringify(headers)).toBe(403);
  }
});
