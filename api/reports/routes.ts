/** The reports' part of the CMS contract. Each answers a page of JSON, or all of it as a file. */
import Type, { type TSchema } from 'typebox';
import { API_BASE, route, type Route } from '../route.ts';
import { Id } from '../../protocol/desired-state.ts';
import { AlertDevicesJson, AlertDevicesQuery, reportAlertDevices } from './alert-devices-report.ts';
import { AlertsReportJson, AlertsReportQuery, reportAlerts } from './alerts-report.ts';
import { ExpectedJson, ExpectedQuery, reportExpected } from './expected-report.ts';
import { FleetJson, FleetQuery, reportFleet } from './fleet-report.ts';
import { OverviewJson, reportOverview } from './overview-report.ts';
import { PlaysJson, PlaysQuery, reportPlays } from './plays-report.ts';
import { reportUsage, UsageJson, UsageQuery } from './usage-report.ts';

const URL = `${API_BASE}/reports`;

/** What a report answers as JSON: raw routes describe all that they send. */
export function reportEnvelope(data: TSchema) {
  return Type.Object({
    success: Type.Literal(true),
    data,
    meta: Type.Object({ page: Type.Integer(), limit: Type.Integer(), total: Type.Integer() }),
  });
}

export function reportRoutes(): Route[] {
  return [...playRoutes(), ...alertReportRoutes(), ...standingRoutes()];
}

function playRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: `${URL}/usage`,
      policy: 'user',
      operationId: 'reportUsage',
      summary: 'Proof of play, added up by content, device, group, schedule or day',
      query: UsageQuery,
      data: reportEnvelope(UsageJson),
      raw: true,
      download: true,
      handler: reportUsage,
    }),
    route({
      method: 'GET',
      url: `${URL}/plays`,
      policy: 'user',
      operationId: 'reportPlays',
      summary: 'Proof of play, play by play, the newest first',
      query: PlaysQuery,
      data: reportEnvelope(PlaysJson),
      raw: true,
      download: true,
      handler: reportPlays,
    }),
    route({
      method: 'GET',
      url: `${URL}/expected`,
      policy: 'user',
      operationId: 'reportExpected',
      summary: 'Play time that the deployed schedules ask for against what was played, by device and schedule',
      query: ExpectedQuery,
      data: reportEnvelope(ExpectedJson),
      raw: true,
      download: true,
      handler: reportExpected,
    }),
  ];
}

function alertReportRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: `${URL}/alerts`,
      policy: 'user',
      operationId: 'reportAlerts',
      summary: 'The alerts of a time, with who raised them, their ladders and latencies',
      query: AlertsReportQuery,
      data: reportEnvelope(AlertsReportJson),
      raw: true,
      download: true,
      handler: reportAlerts,
    }),
    route({
      method: 'GET',
      url: `${URL}/alerts/:deploymentId`,
      policy: 'user',
      operationId: 'reportAlertDevices',
      summary: 'One alert screen by screen, those that never confirmed first',
      params: Type.Object({ deploymentId: Id }),
      query: AlertDevicesQuery,
      data: reportEnvelope(AlertDevicesJson),
      raw: true,
      download: true,
      handler: reportAlertDevices,
    }),
  ];
}

/** How things stand: for people, and never as a file. */
function standingRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: `${URL}/fleet`,
      policy: 'user',
      operationId: 'reportFleet',
      summary: 'How many devices were online, offline or on HTTP alone, over time',
      query: FleetQuery,
      data: FleetJson,
      handler: reportFleet,
    }),
    route({
      method: 'GET',
      url: `${URL}/overview`,
      policy: 'user',
      operationId: 'reportOverview',
      summary: 'What needs attention: devices long away, content and deployments that failed, notifications given up',
      data: OverviewJson,
      handler: reportOverview,
    }),
  ];
}
