import { defineConfig } from '@playwright/test';

import { browser } from './support/browser.ts';

// Pictures of the pages, for people to look at. With README=1 those of the documentation are taken
// anew as well.
export default defineConfig({
  testDir: 'pictures',
  outputDir: 'test-results/pictures',
  workers: 1,
  reporter: [['list']],
  timeout: 180_000,
  use: { ...browser, viewport: { width: 1440, height: 900 } },
});
