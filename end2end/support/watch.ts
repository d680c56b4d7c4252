// Looks over a browser's shoulder: whatever goes wrong there, and whatever should not be there,
// fails the test, also where the test looks elsewhere.

import type { BrowserContext, Response } from '@playwright/test';

/** Every spelling in which a signature could be found. */
export function spellings(signature: string): string[] {
  const encoded = encodeURIComponent(signature);
  return [signature, encoded, encodeURIComponent(encoded), encoded.toLowerCase(), signature.replaceAll('+', ' ')];
}

/** The signatures of which a text holds any spelling. */
export function leaks(text: string, signatures: Iterable<string>): string[] {
  return [...signatures].filter((signature) => spellings(signature).some((spelling) => text.includes(spelling)));
}

export class Watch {
  private readonly troubles: string[] = [];
  private readonly expected: { status: number; path: RegExp }[] = [];
  private readonly texts: Promise<{ where: string; text: string }>[] = [];

  constructor(
    private readonly context: BrowserContext,
    private readonly signatures: Set<string>,
    scripted: boolean,
  ) {
    context.on('console', (message) => {
      // an answer with an error status is judged as an answer, below
      const ofAnswer = message.text().startsWith('Failed to load resource: the server responded');
      // and without scripts nothing uses them
      const needless = !scripted && /\/pkg\/help-support_bg\.wasm was preloaded/.test(message.text());
      if ((message.type() === 'error' || message.type() === 'warning') && !ofAnswer && !needless) {
        this.troubles.push(`console of ${message.page()?.url() ?? 'no page'}: ${message.text()}`);
      }
    });
    context.on('weberror', (error) => this.troubles.push(`page: ${error.error().stack ?? error.error().message}`));
    context.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? '';
      const path = new URL(request.url()).pathname;
      // leaving a page breaks off what it was still asking for
      const left = why === 'net::ERR_ABORTED' && request.method() === 'GET' && !request.isNavigationRequest();
      // a browser whose scripts are off gives up loading them ahead
      const needless = !scripted && path.startsWith('/pkg/help-support');
      if (!left && !needless) {
        this.troubles.push(`request: ${request.method()} ${path}: ${why}`);
      }
    });
    context.on('response', (response) => this.look(response));
  }

  /** This answer is meant to come in this test. */
  expect(status: number, path: RegExp): void {
    this.expected.push({ status, path });
  }

  /** All that was seen, at the end of the test. */
  async verdict(): Promise<string[]> {
    for (const page of this.context.pages()) {
      this.texts.push(page.content().then((text) => ({ where: `the page ${page.url()}`, text })));
    }
    for (const { where, text } of await Promise.all(this.texts)) {
      if (leaks(text, this.signatures).length > 0) {
        this.troubles.push(`a SAS signature is in ${where}`);
      }
    }
    return this.troubles;
  }

  private look(response: Response): void {
    const { pathname, search } = new URL(response.url());
    const meant = this.expected.some(({ status, path }) => status === response.status() && path.test(pathname));
    if (response.status() >= 400 && !meant) {
      this.troubles.push(`answer: ${response.request().method()} ${pathname}: ${response.status()}`);
    }
    const head = `${pathname}${search} ${JSON.stringify(response.headers())}`;
    const where = `the answer to ${response.request().method()} ${pathname}`;
    this.texts.push(Promise.resolve({ where, text: head }));
    const type = response.headers()['content-type'] ?? '';
    const ends = !type.startsWith('text/event-stream') && response.status() < 300;
    if (ends && /^(text|application\/json)/.test(type)) {
      // a body is gone when the page was left meanwhile
      const text = response.text().catch(() => '');
      this.texts.push(text.then((text) => ({ where, text })));
    }
  }
}
