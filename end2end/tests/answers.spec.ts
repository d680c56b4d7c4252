import { expect, test } from '../support/fixtures.ts';

test.use({ stack: { name: 'answers' } });

test('pages keep their own policy while other things are fetched beside them', async ({ portal }) => {
  const cookie = await portal.session('operator');
  const get = (path: string) => fetch(`${portal.url}${path}`, { headers: { cookie } });
  const policy = (answer: Response) => answer.headers.get('content-security-policy') ?? '';
  for (let round = 0; round < 40; round += 1) {
    const paths = ['/', '/settings', '/log-collection', '/log-collection/collect'];
    const files = ['/favicon.svg', '/favicon.svg', '/api/overview', '/favicon.svg'];
    const [pages, others] = await Promise.all([Promise.all(paths.map(get)), Promise.all(files.map(get))]);
    for (const [place, page] of pages.entries()) {
      const nonce = /'nonce-([^']+)'/.exec(policy(page))?.[1];
      expect(nonce, paths[place]).toBeDefined();
      expect(await page.text()).toContain(`nonce="${nonce}"`);
    }
    for (const other of others) {
      expect(other.status).toBe(200);
      expect(policy(other)).toBe("default-src 'none'; frame-ancestors 'none'");
      await other.arrayBuffer();
    }
  }
});

test('every answer carries the headers that protect it', async ({ portal }) => {
  const cookie = await portal.session('operator');
  for (const path of ['/', '/no-such-page', '/api/overview', '/favicon.svg', '/pkg/help-support.css', '/healthz']) {
    const answer = await fetch(`${portal.url}${path}`, { headers: { cookie } });
    expect(Object.fromEntries(answer.headers), path).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
    });
    expect(answer.headers.get('content-security-policy')).not.toContain('unsafe-inline');
  }
});

test('probes and figures answer without signing in', async ({ portal }) => {
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    expect((await fetch(`${portal.url}${path}`)).status, path).toBe(200);
  }
});
