// The browser that the distribution brings; Playwright's own downloads are not needed.

export const browser = {
  browserName: 'chromium' as const,
  // not the stack's zone, so that every time that is typed or shown has to be converted
  timezoneId: 'Europe/Zurich',
  locale: 'en-GB',
  viewport: { width: 1280, height: 900 },
  launchOptions: {
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  },
};
