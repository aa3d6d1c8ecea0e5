/** The routes of every resource: what the processes that serve the API hand to buildApp. */
import { alertRoutes } from './alerts/routes.ts';
import { contentRoutes } from './content/routes.ts';
import { deviceRoutes } from './devices/routes.ts';
import { groupRoutes } from './groups/routes.ts';
import { mediaRoutes } from './media/routes.ts';
import { notificationRoutes } from './notifications/routes.ts';
import type { Route } from './route.ts';
import { availabilityRoutes } from './reports/availability.ts';
import { reportRoutes } from './reports/routes.ts';
import { previewRoutes } from './schedules/preview.ts';
import { scheduleRoutes } from './schedules/routes.ts';
import { userRoutes } from './users/routes.ts';

/** All routes but those that buildApp adds itself (health, authentication, audit). */
export function resourceRoutes(): Route[] {
  return [
    ...userRoutes(),
    ...groupRoutes(),
    ...deviceRoutes(),
    ...alertRoutes(),
    ...contentRoutes(),
    ...availabilityRoutes(),
    ...reportRoutes(),
    ...notificationRoutes(),
    ...scheduleRoutes(),
    ...previewRoutes(),
    ...mediaRoutes(),
  ];
}
