import { expect, test } from '../support/fixtures.ts';

test.use({ stack: { name: 'settings' } });
// one story: each chapter begins where the one before ended
test.describe.configure({ mode: 'serial' });

test('the banner leads to settings, where enabling asks for a destination and states the consent', async ({
  ui,
  page,
  azurite,
}) => {
  await ui.go('/');
  await page.getByRole('button', { name: 'Enable proactive log collection' }).click();
  await expect(page).toHaveURL(/\/settings\?enable=1$/);
  await expect(ui.heading()).toContainText('Settings');
  const enable = page.getByRole('radio', { name: 'Enable', exact: true });
  await expect(enable).toBeChecked();
  await expect(page.getByText('By enabling proactive log collection you agree')).toBeVisible();
  await page.getByText('The 23 health alerts').click();
  await expect(ui.rows('Health alerts')).toHaveCount(23);

  await page.getByRole('radio', { name: 'SAS URL', exact: true }).check();
  const container = await azurite.container();
  await ui.sasField().fill(container.sasUrl({ permissions: 'rwl', expiresAt: new Date(Date.now() + 30 * 86_400_000) }));
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('The settings are saved.')).toBeVisible();
  await expect(ui.sasField()).toHaveValue('');
  const now = page.getByRole('complementary', { name: 'Now' });
  await expect(now).toContainText('On');
  await expect(now).toContainText('olga');
  await expect(page.getByText(container.place)).toBeVisible();
  await expect(page.getByText('read, write, list', { exact: true })).toBeVisible();

  // never shown again: not the URL, not in the page, not in what the page fetches
  await ui.go('/settings');
  await expect(ui.sasField()).toHaveValue('');
  await expect(page.getByText(container.place)).toBeVisible();
  await ui.go('/');
  await expect(page.getByRole('button', { name: 'Enable proactive log collection' })).toHaveCount(0);
  await expect(page.getByText(container.place)).toBeVisible();
});

test('disabling keeps the stored SAS URL, and enabling again uses it', async ({ ui, page }) => {
  await ui.go('/settings');
  await page.getByRole('radio', { name: 'Disable', exact: true }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('The settings are saved.')).toBeVisible();
  const now = page.getByRole('complementary', { name: 'Now' });
  await expect(now).toContainText('Off');
  await expect(now).toContainText('None in force');
  await expect(page.getByText('read, write, list', { exact: true })).toBeVisible();

  await page.getByRole('radio', { name: 'Enable', exact: true }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(now).toContainText('On');
  await expect(now).toContainText('by olga');
});

test('enabling again is refused when the stored SAS URL has expired meanwhile', async ({
  ui,
  page,
  azurite,
  watch,
}) => {
  watch.expect(422, /^\/api\/settings\/save$/);
  const container = await azurite.container();
  const expiresAt = new Date(Date.now() + 8_000);
  await ui.go('/settings');
  await page.getByRole('radio', { name: 'Disable', exact: true }).check();
  await ui.sasField().fill(container.sasUrl({ expiresAt }));
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText(container.place)).toBeVisible();
  await page.waitForTimeout(Math.max(0, expiresAt.getTime() - Date.now()) + 1_000);

  await page.getByRole('radio', { name: 'Enable', exact: true }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'needs another look' })).toBeVisible();
  await expect(ui.sasField()).toHaveAttribute('aria-invalid', 'true');
  expect(await ui.described(ui.sasField())).toContain('expired');
  await ui.go('/settings');
  await expect(page.getByRole('complementary', { name: 'Now' })).toContainText('Off');
  await ui.go('/');
  await expect(page.getByRole('link', { name: 'The stored SAS URL has expired' })).toBeVisible();

  // a new one puts it right
  await ui.go('/settings?enable=1');
  await ui.sasField().fill(container.sasUrl());
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('The settings are saved.')).toBeVisible();
  await expect(page.getByRole('complementary', { name: 'Now' })).toContainText('On');
});

test('proactive collection can go to the local directory', async ({ ui, page, portal }) => {
  await ui.go('/settings');
  await page.getByRole('radio', { name: 'Local directory', exact: true }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('The settings are saved.')).toBeVisible();
  await ui.go('/');
  await expect(page.getByText(portal.path('bundles'))).toBeVisible();
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('settings are saved, and what is wrong is said', async ({ ui, page, azurite }) => {
    const container = await azurite.container();
    await ui.go('/settings?enable=1');
    await page.getByRole('radio', { name: 'SAS URL', exact: true }).check();
    await ui.sasField().fill(container.sasUrl({ permissions: 'r' }));
    await ui.press('Save');
    await expect(page.getByRole('alert').filter({ hasText: 'needs another look' })).toBeVisible();
    expect(await ui.described(ui.sasField())).toContain('does not allow to write');
    await expect(page.getByRole('radio', { name: 'SAS URL', exact: true })).toBeChecked();

    await ui.sasField().fill(container.sasUrl());
    await ui.press('Save');
    await expect(page).toHaveURL(/\/settings\?saved=1$/);
    await expect(page.getByText('The settings are saved.')).toBeVisible();
    await expect(page.getByRole('alert').filter({ hasText: /./ })).toHaveCount(0);
    await expect(page.getByText(container.place)).toBeVisible();
  });
});
