/** The console's main pages, as pictures are taken of them. */
import type { Page } from 'playwright-core';

/** What there is to show. */
export interface Staged {
  readonly deploymentId: number;
  readonly deviceId: number;
  readonly contentId: number;
  readonly scheduleId: number;
}

export interface ConsoleView {
  readonly name: string;
  /** Path below the console. */
  readonly path: (staged: Staged) => string;
  /** What is done on the page before the picture. */
  readonly prepare?: (page: Page) => Promise<void>;
}

const tab = (name: string) => async (page: Page) => {
  await page.getByRole('tab', { name }).click();
};

export const CONSOLE_VIEWS: readonly ConsoleView[] = [
  { name: 'overview', path: () => '/' },
  { name: 'alert-board', path: () => '/alerts' },
  {
    name: 'raise',
    path: () => '/alerts',
    prepare: async (page) => {
      await page.getByRole('banner').getByRole('button', { name: 'Raise alert' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  { name: 'alert', path: ({ deploymentId }) => `/alerts/${deploymentId}` },
  { name: 'alert-history', path: () => '/alerts/history' },
  { name: 'alerts-prepared', path: () => '/alerts/prepared' },
  { name: 'screens', path: () => '/devices' },
  { name: 'screen', path: ({ deviceId }) => `/devices/${deviceId}` },
  { name: 'screen-preview', path: ({ deviceId }) => `/devices/${deviceId}`, prepare: tab('On screen') },
  { name: 'pair', path: () => '/devices/pair' },
  { name: 'import', path: () => '/devices/import' },
  { name: 'groups', path: () => '/groups' },
  { name: 'content', path: () => '/content' },
  { name: 'content-item', path: ({ contentId }) => `/content/${contentId}` },
  { name: 'schedules', path: () => '/schedules' },
  { name: 'schedule-layout', path: ({ scheduleId }) => `/schedules/${scheduleId}` },
  { name: 'schedule-timing', path: ({ scheduleId }) => `/schedules/${scheduleId}`, prepare: tab('Timing') },
  { name: 'schedule-deploy', path: ({ scheduleId }) => `/schedules/${scheduleId}`, prepare: tab('Deploy') },
  { name: 'reports', path: () => '/reports' },
  { name: 'users', path: () => '/users' },
  { name: 'audit', path: () => '/audit' },
  { name: 'account', path: () => '/account' },
];
