// What people do in the portal, by the names that they see.

import { expect, type Locator, type Page } from '@playwright/test';

import type { Window } from './logs.ts';
import { PEOPLE, type Person } from './portal.ts';

export type CollectForm = {
  roles: string[];
  window: Window;
  /** The local directory, where it is left out. */
  sasUrl?: string;
};

export class Ui {
  constructor(
    readonly page: Page,
    private readonly scripted: boolean,
  ) {}

  /** Opens a page and waits until it reacts. */
  async go(path: string): Promise<void> {
    await this.page.goto(path);
    await this.ready();
  }

  async ready(): Promise<void> {
    if (this.scripted) {
      await this.page.locator('body[data-hydrated]').waitFor();
    }
  }

  async signIn(person: Person): Promise<void> {
    await this.signInAs(PEOPLE[person].user, PEOPLE[person].password);
  }

  async signInAs(user: string, password: string): Promise<void> {
    await this.page.getByRole('textbox', { name: 'User name' }).fill(user);
    await this.page.getByRole('textbox', { name: 'Password' }).fill(password);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
  }

  /** Presses a button; where no script answers, waits for the page that the server answers with. */
  async press(name: string): Promise<void> {
    const button = this.page.getByRole('button', { name, exact: true });
    if (this.scripted) {
      await button.click();
      return;
    }
    const { page } = this;
    await Promise.all([page.waitForEvent('load'), button.click()]);
  }

  navigation(name: string): Locator {
    return this.page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name, exact: true });
  }

  heading(): Locator {
    return this.page.getByRole('heading', { level: 1 });
  }

  /** Fills *Collect logs now*, which is open. */
  async fillCollect(form: CollectForm): Promise<void> {
    await this.fillWindow(form.window);
    await this.chooseRoles(form.roles);
    const kind = form.sasUrl === undefined ? 'Local directory' : 'SAS URL';
    await this.page.getByRole('radio', { name: kind, exact: true }).check();
    if (form.sasUrl !== undefined) {
      await this.sasField().fill(form.sasUrl);
    }
  }

  async fillWindow(window: Window): Promise<void> {
    const zone = await this.page.locator('input[name=zone]').inputValue();
    await this.page.getByLabel('Log start').fill(fieldValue(window.start, zone));
    await this.page.getByLabel('Log end').fill(fieldValue(window.end, zone));
  }

  async chooseRoles(roles: string[]): Promise<void> {
    const boxes = this.page.getByRole('group', { name: 'Roles' }).getByRole('checkbox');
    for (const box of await boxes.all()) {
      await box.setChecked(roles.includes((await box.getAttribute('value')) ?? ''));
    }
  }

  sasField(): Locator {
    return this.page.getByRole('textbox', { name: 'Blob container SAS URL' });
  }

  /** Presses *Collect and upload* and answers the new collection's id. */
  async collectAndUpload(): Promise<string> {
    await this.press('Collect and upload');
    await this.page.waitForURL(/\/log-collection\/[0-9a-f-]{36}$/);
    await this.ready();
    return new URL(this.page.url()).pathname.split('/').at(-1) ?? '';
  }

  /** The whole way from an open form to the new collection's page. */
  async collect(form: CollectForm): Promise<string> {
    await this.go('/log-collection/collect');
    await this.fillCollect(form);
    return this.collectAndUpload();
  }

  /** Waits for a state of the collection whose page is open. */
  async reaches(state: string, patience = 30_000): Promise<void> {
    if (this.scripted) {
      await expect(this.heading()).toContainText(state, { timeout: patience });
      return;
    }
    const end = Date.now() + patience;
    while (!(await this.heading().innerText()).includes(state) && Date.now() < end) {
      await this.page.waitForTimeout(250);
      await this.page.reload();
    }
    await expect(this.heading()).toContainText(state);
  }

  /** The row of a part in the table *Parts*. */
  part(role: string): Locator {
    return this.rows('Parts').filter({ has: this.page.getByRole('rowheader', { name: role, exact: true }) });
  }

  rows(table: string): Locator {
    return this.page.getByRole('table', { name: table, exact: true }).locator('tbody').getByRole('row');
  }

  /** The text that describes a field: its hint, its findings, its error. */
  async described(field: Locator): Promise<string> {
    const ids = ((await field.getAttribute('aria-describedby')) ?? '').split(' ').filter((id) => id !== '');
    const texts = await Promise.all(ids.map((id) => this.page.locator(`[id="${id}"]`).innerText()));
    return texts.join('\n');
  }
}

/** A moment as a `datetime-local` field takes it, on the wall clock of that zone. */
export function fieldValue(at: Date, zone: string): string {
  const text = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' }).format(at);
  return text.replace(' ', 'T');
}
