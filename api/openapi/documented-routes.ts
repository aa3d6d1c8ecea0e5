/** What the document is of: every route of the processes that serve the API. */
import { auditRoutes } from '../audit/routes.ts';
import { authRoutes } from '../auth/routes.ts';
import { healthRoutes } from '../health.ts';
import { liveRoute } from '../live/serve-live.ts';
import { resourceRoutes } from '../resource-routes.ts';
import type { Route } from '../route.ts';
import { buildOpenApi } from './build-openapi.ts';
import type { JsonObject } from './json.ts';

/** Every route, in the order of registration. The handlers are not for calling. */
export function documentedRoutes(): Route[] {
  return [...healthRoutes(() => false), ...authRoutes(), ...auditRoutes(), ...resourceRoutes(), liveRoute()];
}

/** The whole document; the same for every call. */
export function openApiDocument(): JsonObject {
  return buildOpenApi(documentedRoutes());
}
