// What was logged when, drawn from real files; the window chosen on it; and what it would amount to.

import { writeFile } from 'node:fs/promises';

import type { Locator, Page } from '@playwright/test';

import { expect, test } from '../support/fixtures.ts';
import type { Portal } from '../support/portal.ts';
import { fieldValue } from '../support/ui.ts';

test.use({ stack: { name: 'estimate' } });

const HOUR = 3_600_000;
const ZONE = 'Europe/Zurich';

/** Where the chart begins, and the hours that the test has logged in. */
const from = Math.floor(Date.now() / HOUR) * HOUR - 168 * HOUR;
const busy = from + 100 * HOUR;
const lesser = from + 130 * HOUR;

/** Storage logs evenly through two hours: 6,000 lines in the one, 3,000 in the other. */
async function log(portal: Portal): Promise<void> {
  const hour = (start: number, lines: number) =>
    Array.from({ length: lines }, (_, line) => {
      const at = new Date(start + (line * HOUR) / lines).toISOString();
      return `${at} osd.${line % 7} slow request, waited for somebody\n`;
    });
  await writeFile(portal.path('logs/storage/history.log'), [...hour(busy, 6000), ...hour(lesser, 3000)].join(''));
}

function bars(page: Page): Locator {
  return page.locator('.chart-bar');
}

/** Height of the bar of an hour, in pixels. */
async function height(page: Page, hour: number): Promise<number> {
  const bar = bars(page).nth((hour - from) / HOUR).locator('rect').last();
  return Number(await bar.getAttribute('height'));
}

/** Where a moment stands on the screen, at half the bars' height. */
async function place(page: Page, at: number): Promise<{ x: number; y: number }> {
  const box = await page.locator('.chart-picture').boundingBox();
  if (box === null) {
    throw new Error('there is no chart');
  }
  return { x: box.x + (box.width * (at - from)) / (169 * HOUR), y: box.y + 50 };
}

async function expectWindow(page: Page, start: number, end: number): Promise<void> {
  await expect(page.getByLabel('Log start')).toHaveValue(fieldValue(new Date(start), ZONE));
  await expect(page.getByLabel('Log end')).toHaveValue(fieldValue(new Date(end), ZONE));
}

/** The same as far as a pixel can tell; exactly as long, unless its length was drawn as well. */
async function expectNear(page: Page, start: number, end: number, drawn = false): Promise<void> {
  const read = async (label: string) => Date.parse(`${await page.getByLabel(label).inputValue()}Z`);
  const meant = (at: number) => Date.parse(`${fieldValue(new Date(at), ZONE)}Z`);
  await expect
    .poll(async () => Math.abs((await read('Log start')) - meant(start)), { message: 'Log start' })
    .toBeLessThanOrEqual(HOUR / 4);
  const length = (await read('Log end')) - (await read('Log start'));
  expect(Math.abs(length - (end - start))).toBeLessThanOrEqual(drawn ? HOUR / 2 : 0);
}

test.beforeEach(async ({ portal }) => log(portal));

test('bars show how much the chosen roles have logged in each hour', async ({ ui, page }) => {
  await ui.go('/log-collection/collect');
  await expect(bars(page)).toHaveCount(169);
  const tallest = await height(page, busy);
  expect(tallest).toBeGreaterThan(80);
  expect(Math.abs((await height(page, lesser)) * 2 - tallest)).toBeLessThan(20);
  // the pause after the last line is a part of a line, at most
  expect(await height(page, busy + 3 * HOUR)).toBeLessThanOrEqual(2);
  await page.getByRole('checkbox', { name: 'Storage' }).uncheck();
  await expect.poll(async () => height(page, busy)).toBe(0);

  await page.getByRole('checkbox', { name: 'Storage' }).check();
  await page.getByText('Volume as a table').click();
  const table = page.getByRole('table', { name: 'Log volume by day' });
  await expect(table.getByRole('row')).toHaveCount(9);
});

test('dragging across the chart writes into the fields, and no further than the limits', async ({ ui, page }) => {
  await ui.go('/log-collection/collect');
  const drag = async (start: number, end: number) => {
    const [a, b] = [await place(page, start), await place(page, end)];
    await page.mouse.move(a.x, a.y);
    await page.mouse.down();
    await page.mouse.move((a.x + b.x) / 2, a.y);
    await page.mouse.move(b.x, b.y);
    await page.mouse.up();
  };
  await drag(busy, busy + 30 * HOUR);
  await expectNear(page, busy, busy + 4 * HOUR);
  await drag(busy + 60 * HOUR, busy + 20 * HOUR);
  await expectNear(page, busy + 56 * HOUR, busy + 60 * HOUR);
  // a press on a bar is its hour
  const bar = await place(page, lesser + HOUR / 2);
  await page.mouse.click(bar.x, bar.y);
  await expectWindow(page, lesser, lesser + HOUR);
});

test('the handles are moved by keys and say where they are', async ({ ui, page }) => {
  await ui.go('/log-collection/collect');
  const bar = await place(page, lesser + HOUR / 2);
  await page.mouse.click(bar.x, bar.y);
  const start = page.getByRole('slider', { name: 'Start of the window' });
  const end = page.getByRole('slider', { name: 'End of the window' });
  await start.press('ArrowLeft');
  await expectWindow(page, lesser - HOUR / 4, lesser + HOUR);
  await end.press('Shift+ArrowRight');
  await expectWindow(page, lesser - HOUR / 4, lesser + 2 * HOUR);
  await start.press('Shift+ArrowLeft');
  await start.press('Shift+ArrowLeft');
  // at most four hours: the other end follows
  await expectWindow(page, lesser - 2.25 * HOUR, lesser + 1.75 * HOUR);
  const told = (await start.getAttribute('aria-valuetext')) ?? '';
  expect(told).toContain(fieldValue(new Date(lesser - 2.25 * HOUR), ZONE).slice(11));
  expect(told).toContain(ZONE);
  await end.press('End');
  const now = await page.getByLabel('Log end').inputValue();
  expect(Math.abs(Date.parse(`${now}:00Z`) - Date.parse(`${fieldValue(new Date(), ZONE)}:00Z`))).toBeLessThan(120_000);
  await start.press('Home');
  await expect(page.getByRole('textbox', { name: 'Blob container SAS URL' })).toBeVisible();
  await expect(page.locator('#start-error')).toBeEmpty();
});

test('what is typed moves the handles and the estimate', async ({ ui, page }) => {
  await ui.go('/log-collection/collect');
  const told = page.locator('#estimate');
  await ui.fillWindow({ start: new Date(busy), end: new Date(busy + HOUR) });
  const start = page.getByRole('slider', { name: 'Start of the window' });
  await expect(start).toHaveAttribute('aria-valuenow', String((busy - from) / 60_000));
  await expect(told).toHaveText(/^about (3[0-9]0) KiB of logs, about [0-9.]+ KiB packed, a few seconds$/);
  await expect(page.locator('.chart-bar-chosen')).toHaveCount(1);
  await ui.fillWindow({ start: new Date(lesser), end: new Date(lesser + HOUR) });
  await expect(told).toHaveText(/^about 1[0-9]0 KiB of logs/);
  await page.getByRole('checkbox', { name: 'Storage' }).uncheck();
  await expect(told).toHaveText('no logs found');
});

test('each chosen role tells its share', async ({ ui, page }) => {
  await ui.go('/log-collection/collect');
  await ui.fillWindow({ start: new Date(busy), end: new Date(busy + HOUR) });
  const role = (name: string) => page.locator('.choice').filter({ has: page.getByRole('checkbox', { name }) });
  await expect(role('Storage')).toContainText(/about 3[0-9]0 KiB/);
  await expect(role('Networking')).toContainText('no logs');
  await expect(role('Slow')).toContainText('not counted');
  await page.getByRole('checkbox', { name: 'Storage' }).uncheck();
  await expect(role('Storage')).not.toContainText('about');
});

test('a form that was sent before the page came to life is estimated as it came back', async ({ ui, page }) => {
  let live = () => {};
  const alive = new Promise<void>((resolve) => (live = resolve));
  await page.route('**/*.wasm', async (route) => {
    await alive;
    // the page that asked may be gone
    await route.continue().catch(() => undefined);
  });
  await page.goto('/log-collection/collect');
  await ui.fillWindow({ start: new Date(busy), end: new Date(busy + HOUR) });
  const back = page.waitForResponse((answer) => answer.request().method() === 'POST');
  await page.getByRole('button', { name: 'Preview redaction' }).click();
  await back;
  live();
  await ui.ready();
  await expect(page.locator('#estimate')).toHaveText(/^about 3[0-9]0 KiB of logs/);
});

test('nothing is estimated of hours that cannot be collected', async ({ ui, page }) => {
  await ui.go('/log-collection/collect');
  const bar = await place(page, lesser + HOUR / 2);
  await page.mouse.click(bar.x, bar.y);
  await expect(page.locator('#estimate')).toHaveText(/^about 1[0-9]0 KiB of logs/);
  await page.getByLabel('Log start').fill('');
  await expect(page.locator('#estimate')).toBeHidden();
  await expect(page.getByText('Choose hours and roles that can be collected')).toBeVisible();
  // the same bar puts it right
  await page.mouse.click(bar.x, bar.y);
  await expectWindow(page, lesser, lesser + HOUR);
  await expect(page.locator('#estimate')).toBeVisible();
});

test.describe('by touch', () => {
  test.use({ hasTouch: true, viewport: { width: 1024, height: 768 } });

  type Point = { x: number; y: number; id?: number };

  /** Fingers on the screen, as the browser gets them from the system: where they are, time after time. */
  async function touch(page: Page, moments: Point[][]): Promise<void> {
    const screen = await page.context().newCDPSession(page);
    for (const [moment, touchPoints] of moments.entries()) {
      await screen.send('Input.dispatchTouchEvent', { type: moment === 0 ? 'touchStart' : 'touchMove', touchPoints });
    }
    await screen.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    await screen.detach();
  }

  test('a finger draws the window, moves its edge and chooses a bar', async ({ ui, page }) => {
    await ui.go('/log-collection/collect');
    const [from, halfway, to] = await Promise.all([0, 1.5, 3].map((hours) => place(page, busy + hours * HOUR)));
    await touch(page, [[from as Point], [halfway as Point], [to as Point]]);
    await expectNear(page, busy, busy + 3 * HOUR, true);

    // what can be grabbed of a handle lies beside the window
    const grip = await page.getByRole('slider', { name: 'End of the window' }).boundingBox();
    const edge = { x: (grip?.x ?? 0) + 12, y: (grip?.y ?? 0) + 40 };
    const there = await place(page, busy + 20 * HOUR);
    await touch(page, [[edge], [{ ...there, x: (edge.x + there.x) / 2 }], [there]]);
    await expectNear(page, busy + 16 * HOUR, busy + 20 * HOUR);

    const bar = await place(page, lesser + HOUR / 2);
    await page.touchscreen.tap(bar.x, bar.y);
    await expectWindow(page, lesser, lesser + HOUR);
  });

  test('a second finger moves nothing, and a swipe across the chart scrolls the page', async ({ ui, page }) => {
    await ui.go('/log-collection/collect');
    const first = async (hours: number) => ({ ...(await place(page, busy + hours * HOUR)), id: 0 });
    const second = async (hours: number) => ({ ...(await place(page, lesser + hours * HOUR)), id: 1 });
    await touch(page, [
      [await first(0)],
      [await first(1)],
      [await first(3), await second(0)],
      [await first(3), await second(10)],
      [await first(3), await second(30)],
    ]);
    await expectNear(page, busy, busy + 3 * HOUR, true);
    const chosen = await page.getByLabel('Log start').inputValue();
    const { x, y } = await place(page, lesser);
    await touch(page, [0, 10, 40, 80, 120].map((up) => [{ x, y: y - up }]));
    await expect.poll(async () => page.evaluate(() => window.scrollY)).toBeGreaterThan(40);
    await expect(page.getByLabel('Log start')).toHaveValue(chosen);
  });
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('a bar is a link that fills the fields, and the estimate is of those hours', async ({ ui, page }) => {
    await ui.go('/log-collection/collect');
    await expect(page.locator('#estimate')).toBeVisible();
    const link = bars(page).nth((busy - from) / HOUR).locator('a');
    await page.goto((await link.getAttribute('href')) ?? '');
    const zone = await page.locator('input[name=zone]').inputValue();
    await expect(page.getByLabel('Log start')).toHaveValue(fieldValue(new Date(busy), zone));
    await expect(page.getByLabel('Log end')).toHaveValue(fieldValue(new Date(busy + HOUR), zone));
    await expect(page.locator('#estimate')).toHaveText(/^about 3[0-9]0 KiB of logs/);
    await expect(page.getByRole('slider')).toHaveCount(0);
  });
});
