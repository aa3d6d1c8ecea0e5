/** The routes of every resource: what the processes that serve the API hand to buildApp. */
import { alertRoutes } from './alerts/routes.ts';
import { deviceRoutes } from './devices/routes.ts';
import { groupRoutes } from './groups/routes.ts';
import type { Route } from './route.ts';

/** All routes but those that buildApp adds itself (health, authentication, audit). */
export function resourceRoutes(): Route[] {
  return [...groupRoutes(), ...deviceRoutes(), ...alertRoutes()];
}
