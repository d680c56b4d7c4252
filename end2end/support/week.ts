// A week in the life of the stack: thousands of lines in several roles, for the chart and for pictures.

import { mkdir, writeFile } from 'node:fs/promises';

import type { Portal } from './portal.ts';

const HOUR = 3_600_000;
/** Lines of an hour of a day, from midnight on: quiet at night, busy before noon. */
const DAY = [3, 2, 2, 2, 3, 5, 9, 16, 26, 34, 38, 36, 30, 33, 35, 31, 25, 18, 12, 9, 7, 6, 5, 4];

const NETWORK = [
  'neighbor 192.0.2.17 Up',
  'neighbor 192.0.2.18 Down, hold time expired',
  'dhcp lease 192.0.2.44 to 52:54:00:12:34:56',
];
const PEOPLE = [
  'ann.archer@contoso.example signed in from 192.0.2.44',
  'ben@contoso.example signed in from 192.0.2.45',
  'login user=ops password=hunter2-of-the-week failed',
  'GET /v1/tenants Authorization: Bearer tok3n-of-the-week-abcdef0123456789',
  'ann.archer@contoso.example changed the quota of tenant-7',
];

/** Storage was in trouble in these hours of the third day before today. */
export const TROUBLE = (() => {
  const midnight = Math.floor(Date.now() / (24 * HOUR)) * 24 * HOUR - 72 * HOUR;
  return { start: new Date(midnight + 13 * HOUR), end: new Date(midnight + 17 * HOUR) };
})();

/** Writes the week's logs. */
export async function writeWeek(portal: Portal): Promise<void> {
  const now = Math.floor(Date.now() / HOUR) * HOUR;
  const files: [string, (line: number) => string, number][] = [
    ['storage/osd.log', (line) => `osd.${line % 12} slow request, ${line % 90} s, op(client.${line % 7})`, 3],
    ['network/frr.log', (line) => `r${line % 3} bgpd[812]: ${NETWORK[line % NETWORK.length] ?? ''}`, 2],
    ['secrets/portal.log', (line) => PEOPLE[line % PEOPLE.length] ?? '', 1],
  ];
  for (const [name, text, share] of files) {
    const lines: string[] = [];
    for (let hour = 168; hour > 0; hour -= 1) {
      const start = now - hour * HOUR;
      const isTrouble = TROUBLE.start.getTime() <= start && start < TROUBLE.end.getTime();
      const bad = name.startsWith('storage') && isTrouble ? 3 : 1;
      const count = (DAY[new Date(start).getUTCHours()] ?? 0) * share * bad;
      for (let line = 0; line < count; line += 1) {
        const at = start + (line * HOUR) / count;
        lines.push(`${new Date(at).toISOString()} ${text(lines.length)}\n`);
      }
    }
    const path = portal.path('logs', name);
    await mkdir(portal.path('logs', name.split('/')[0] ?? ''), { recursive: true });
    await writeFile(path, lines.join(''));
  }
}
