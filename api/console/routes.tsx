/** The console's pages and their addresses. Each is a chunk of its own, fetched when it is opened. */
import { lazy, type ComponentType, type ReactNode } from 'react';
import { Route, Switch } from 'wouter';
import { NotFoundPage } from './shell/not-found-page.tsx';

/** A page by the name that its file exports it under. */
function page<K extends string>(load: () => Promise<Readonly<Record<K, () => ReactNode>>>, name: K): ComponentType {
  return lazy(async () => {
    const pages: Readonly<Record<string, () => ReactNode>> = await load();
    const component = pages[name];
    if (component === undefined) throw new Error(`there is no page ${name}`);
    return { default: component };
  });
}

const PAGES: readonly (readonly [path: string, page: ComponentType])[] = [
  ['/', page(() => import('./overview/overview-page.tsx'), 'OverviewPage')],
  ['/alerts', page(() => import('./alerts/alert-board-page.tsx'), 'AlertBoardPage')],
  ['/alerts/history', page(() => import('./alerts/alert-history-page.tsx'), 'AlertHistoryPage')],
  ['/alerts/prepared', page(() => import('./alerts/prepared-alerts-page.tsx'), 'PreparedAlertsPage')],
  ['/alerts/:id', page(() => import('./alerts/alert-deployment-page.tsx'), 'AlertDeploymentPage')],
  ['/devices', page(() => import('./devices/devices-page.tsx'), 'DevicesPage')],
  ['/devices/import', page(() => import('./devices/import-page.tsx'), 'ImportPage')],
  ['/devices/pair', page(() => import('./devices/pair-page.tsx'), 'PairPage')],
  ['/devices/:id', page(() => import('./device-page/device-page.tsx'), 'DevicePage')],
  ['/groups', page(() => import('./groups/groups-page.tsx'), 'GroupsPage')],
  ['/content', page(() => import('./content/content-page.tsx'), 'ContentPage')],
  ['/content/:id', page(() => import('./content/content-item-page.tsx'), 'ContentItemPage')],
  ['/schedules', page(() => import('./schedules/schedules-page.tsx'), 'SchedulesPage')],
  ['/schedules/:id', page(() => import('./schedules/schedule-page.tsx'), 'SchedulePage')],
  [
    '/schedules/:id/deployments/:deploymentId',
    page(() => import('./schedules/schedule-deployment-page.tsx'), 'ScheduleDeploymentPage'),
  ],
  ['/reports', page(() => import('./reports/reports-page.tsx'), 'ReportsPage')],
  ['/users', page(() => import('./users/users-page.tsx'), 'UsersPage')],
  ['/notifications', page(() => import('./notifications/notifications-page.tsx'), 'NotificationsPage')],
  ['/audit', page(() => import('./audit/audit-page.tsx'), 'AuditPage')],
  ['/account', page(() => import('./account/account-page.tsx'), 'AccountPage')],
];

export function Routes() {
  return (
    <Switch>
      {PAGES.map(([path, component]) => (
        <Route key={path} path={path} component={component} />
      ))}
      <Route component={NotFoundPage} />
    </Switch>
  );
}
