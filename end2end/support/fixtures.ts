// What every test finds in place: a stack of its own file, people who are signed in, and somebody
// who watches that nothing goes wrong on the side.

import { type Browser, type BrowserContext, type BrowserContextOptions, test as base, expect } from '@playwright/test';

import { Azurite } from './azurite.ts';
import { browser as browserOptions } from './browser.ts';
import { type Person, Portal, type StackOptions } from './portal.ts';
import { Ui } from './ui.ts';
import { Watch, leaks } from './watch.ts';

type WorkerFixtures = {
  /** Files that set it get a stack of their own. */
  stack: StackOptions;
  azurite: Azurite;
  portal: Portal;
};

type TestFixtures = {
  /** Who is signed in; `nobody` sees the sign-in page. */
  as: Person | 'nobody';
  watch: Watch;
  ui: Ui;
  /** Another browser with another person, or with other options. */
  visit: (as: Person | 'nobody', options?: BrowserContextOptions) => Promise<Ui>;
};

export const test = base.extend<TestFixtures, WorkerFixtures>({
  stack: [{ name: 'stack' }, { option: true, scope: 'worker' }],

  azurite: [
    async ({}, use) => {
      const azurite = await Azurite.start();
      await use(azurite);
      await azurite.stop();
    },
    { scope: 'worker' },
  ],

  portal: [
    async ({ stack, azurite }, use) => {
      const portal = await Portal.start(stack);
      try {
        await use(portal);
      } finally {
        await portal.halt();
        const spilled = await spills(portal, azurite.signatures);
        await portal.stop();
        expect(spilled, 'nothing that the program wrote holds a SAS signature').toEqual([]);
        expect(portal.log, 'the program did not panic').not.toContain('panicked at');
      }
    },
    { scope: 'worker' },
  ],

  as: ['operator', { option: true }],

  baseURL: async ({ portal }, use) => use(portal.url),

  storageState: async ({ portal, as }, use) => use(await cookies(portal, as)),

  watch: async ({ context, azurite, portal, javaScriptEnabled }, use, about) => {
    const watch = new Watch(context, azurite.signatures, javaScriptEnabled);
    const before = portal.log.length;
    await use(watch);
    const verdict = await watch.verdict();
    if (about.status !== about.expectedStatus || verdict.length > 0) {
      await about.attach('log of the program', { body: portal.log.slice(before), contentType: 'text/plain' });
    }
    expect(verdict, 'nothing went wrong in the browser').toEqual([]);
  },

  // asking for `ui` is asking to be watched
  ui: async ({ page, watch, javaScriptEnabled }, use) => {
    expect(watch).toBeDefined();
    await use(new Ui(page, javaScriptEnabled));
  },

  visit: async ({ browser, portal, azurite }, use) => {
    const visits: { context: BrowserContext; watch: Watch }[] = [];
    await use(async (as, options = {}) => {
      const context = await open(browser, portal, as, options);
      const scripted = options.javaScriptEnabled ?? true;
      visits.push({ context, watch: new Watch(context, azurite.signatures, scripted) });
      return new Ui(await context.newPage(), scripted);
    });
    for (const { context, watch } of visits) {
      expect(await watch.verdict(), 'nothing went wrong in the other browser').toEqual([]);
      await context.close();
    }
  },
});

export { expect };

async function open(
  browser: Browser,
  portal: Portal,
  as: Person | 'nobody',
  options: BrowserContextOptions,
): Promise<BrowserContext> {
  const { timezoneId, locale, viewport } = browserOptions;
  return browser.newContext({
    timezoneId,
    locale,
    viewport,
    baseURL: portal.url,
    storageState: await cookies(portal, as),
    ...options,
  });
}

async function cookies(portal: Portal, as: Person | 'nobody'): Promise<{ cookies: Cookie[]; origins: [] }> {
  if (as === 'nobody') {
    return { cookies: [], origins: [] };
  }
  const [name = '', value = ''] = (await portal.session(as)).split('=');
  return {
    cookies: [
      { name, value, domain: '127.0.0.1', path: '/', expires: -1, httpOnly: true, secure: false, sameSite: 'Lax' },
    ],
    origins: [],
  };
}

type Cookie = {
  name: string;
  value: string;
  domain: string;
  path: string;
  expires: number;
  httpOnly: boolean;
  secure: boolean;
  sameSite: 'Lax';
};

/** Files of the program, its log among them, that hold a signature. */
export async function spills(portal: Portal, signatures: Set<string>): Promise<string[]> {
  const written = new Map<string, string>([['the log', portal.log]]);
  for (const folder of ['data', 'bundles']) {
    for (const [name, bytes] of await portal.files(folder)) {
      written.set(`${folder}/${name}`, bytes.toString('latin1'));
    }
  }
  return [...written].filter(([, text]) => leaks(text, signatures).length > 0).map(([name]) => name);
}
