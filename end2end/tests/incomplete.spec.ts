// What a collection's page tells of content that is not simply complete.

import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';

import { expect, test } from '../support/fixtures.ts';

const UNSTAMPED = `
[[role]]
name = "Backup"
[[role.source]]
kind = "files"
paths = ["$STACK/backup/*.txt"]
[[role.source]]
kind = "command"
name = "verify"
run = ["/bin/sh", "-c", "echo 3 of 4 archives are well; exit 3"]
`;

test.use({ stack: { name: 'incomplete', tables: UNSTAMPED } });

for (const scripted of [true, false]) {
  test.describe(scripted ? 'with a browser that runs scripts' : 'with one that does not', () => {
    test.use({ javaScriptEnabled: scripted });

    test('files without time stamps are counted, and what was kept in part says so and why', async ({
      ui,
      page,
      portal,
    }) => {
      const { window } = portal.logs;
      const within = new Date((window.start.getTime() + window.end.getTime()) / 2);
      await rm(portal.path('backup'), { recursive: true, force: true });
      await mkdir(portal.path('backup'));
      for (const [place, name] of ['full.txt', 'delta.txt'].entries()) {
        const path = portal.path('backup', name);
        await writeFile(path, 'archives were written, nobody says when\n');
        await utimes(path, within, within);
        await ui.collect({ roles: ['Backup'], window });
        await ui.reaches('Partially complete');
        const files = ['1 file', '2 files'][place];
        const about = page.getByRole('complementary', { name: 'About' });
        await expect(about).toContainText(`Taken whole${files} without recognised time stamps`);
      }
      const verify = ui.rows('Missing items').filter({ hasText: 'verify' });
      await expect(verify).toContainText('kept in part: the command ended with exit code 3');
      await page.setViewportSize({ width: 390, height: 844 });
      const why = await verify.getByRole('cell').last().boundingBox();
      expect((why?.x ?? NaN) + (why?.width ?? NaN)).toBeLessThanOrEqual(390);

      await ui.collect({ roles: ['Compute'], window });
      await ui.reaches('Partially complete');
      await expect(page.getByText('Taken whole')).toHaveCount(0);
      await expect(ui.rows('Missing items')).not.toContainText('kept in part');
    });
  });
}
