import { expect, test } from '../support/fixtures.ts';

test.use({ stack: { name: 'pause' } });

test('a collection is paused and resumed, and the bandwidth is limited', async ({
  ui,
  page,
  portal,
  watch,
}) => {
  watch.expect(422, /^\/api\/settings\/save$/);
  const { logs } = portal;
  await logs.closeGate();
  await ui.collect({ roles: ['Slow'], window: logs.window });
  await ui.reaches('In progress');
  await ui.press('Pause');
  await ui.reaches('Waiting');
  await expect(page.getByText('Paused by olga.')).toBeVisible();
  await ui.press('Resume');
  await ui.reaches('In progress');
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await ui.press('Cancel collection');
  await ui.reaches('Cancelled', 5_000);

  await ui.navigation('Settings').click();
  const limit = page.getByRole('textbox', { name: 'Bandwidth limit' });
  // what is off needs no destination: the limit is saved alone
  await expect(page.getByRole('radio', { name: 'Disable', exact: true })).toBeChecked();
  await expect(page.getByRole('radio', { name: 'SAS URL', exact: true })).toBeChecked();
  await limit.fill('fast');
  await ui.press('Save');
  await expect(limit).toHaveAccessibleDescription(/is not a size/);
  await limit.fill('5 MiB');
  await ui.press('Save');
  await expect(page.getByText('The settings are saved.')).toBeVisible();
  await page.reload();
  await expect(limit).toHaveValue('5 MiB');
});
