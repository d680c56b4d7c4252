import { expect, test } from '../support/fixtures.ts';
import { PEOPLE } from '../support/portal.ts';

// a stack of its own: refused attempts slow down everybody at this address
test.use({ stack: { name: 'sign-in' }, as: 'nobody' });

test('somebody signs in, is named on every page, and signs out', async ({ ui, page }) => {
  await ui.go('/');
  await expect(page).toHaveURL(/\/sign-in$/);
  await expect(ui.heading()).toHaveText('Sign in');
  await ui.signIn('operator');
  await expect(page).toHaveURL(/\/$/);
  await ui.ready();
  await expect(ui.heading()).toContainText('Overview');
  await expect(page.getByRole('banner').getByText('olga')).toBeVisible();

  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/sign-in$/);
  await page.goto('/settings');
  await expect(page).toHaveURL(/\/sign-in\?next=%2Fsettings$/);
});

test('signing in leads back to the page that was asked for', async ({ ui, page }) => {
  await ui.go('/log-collection?status=failed&type=manual');
  await ui.signIn('support');
  await expect(page).toHaveURL(/\/log-collection\?status=failed&type=manual$/);
  await ui.ready();
  await expect(page.getByRole('combobox', { name: 'Status' })).toHaveValue('failed');
});

test('a way back that leads to another site is not followed', async ({ ui, page, portal }) => {
  await ui.go('/sign-in?next=https%3A%2F%2Fevil.example%2F');
  await ui.signIn('operator');
  await expect(page).toHaveURL(`${portal.url}/`);
  await ui.ready();
});

test('a session is kept from scripts and ends on the server too', async ({ ui, page, context }) => {
  await ui.go('/sign-in');
  await ui.signIn('operator');
  await ui.ready();
  const [session] = (await context.cookies()).filter((cookie) => cookie.httpOnly);
  expect(session).toMatchObject({ httpOnly: true, sameSite: 'Lax' });
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/sign-in$/);
  // somebody who kept the cookie has nothing
  await context.addCookies(session === undefined ? [] : [session]);
  await page.goto('/');
  await expect(page).toHaveURL(/\/sign-in\?error=expired$/);
});

test('an open page says that its session has ended when it is used', async ({ ui, page, context, watch }) => {
  watch.expect(401, /^\/(api\/|events$)/);
  await ui.go('/sign-in');
  await ui.signIn('operator');
  await ui.ready();
  await ui.navigation('Settings').click();
  await expect(ui.heading()).toContainText('Settings');
  await context.clearCookies();
  await ui.navigation('Log collection').click();
  await expect(page.getByRole('alert').filter({ hasText: 'session has ended' })).toBeVisible();
  await page.getByRole('link', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/sign-in/);
});

test('a wrong password and an unknown user are refused alike, and guessing is slowed down', async ({ ui, page }) => {
  await ui.go('/sign-in');
  await ui.signInAs(PEOPLE.operator.user, 'not her password');
  await ui.ready();
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('not right');
  const said = await alert.innerText();
  await ui.signInAs('nobody-of-that-name', 'not a password');
  await ui.ready();
  await expect(alert).toHaveText(said);

  // the right password does not help either, once there were too many wrong ones
  for (let attempt = 0; attempt < 4; attempt += 1) {
    await ui.signInAs(`guess-${attempt}`, 'not a password');
    await ui.ready();
  }
  await ui.signIn('operator');
  await ui.ready();
  await expect(alert).toContainText('Too many attempts');
  await expect(page).toHaveURL(/\/sign-in/);
});
