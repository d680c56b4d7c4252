import { defineConfig } from '@playwright/test';

import { browser } from './support/browser.ts';

// Every file brings its own stack: program, data directory, blob service. Nothing is mocked.
export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  workers: 2,
  retries: 0,
  forbidOnly: true,
  reporter: [['list']],
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: { ...browser, trace: 'retain-on-failure' },
});
