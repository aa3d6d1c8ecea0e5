/** The alerts' part of the CMS contract. */
import Type from 'typebox';
import { API_BASE, IdParams, route, type Route } from '../route.ts';
import { AlertJson } from './alert-json.ts';
import { deployAlert, DeployedAlert, DeployRequest } from './deploy-alert.ts';
import { DeploymentJson } from './deployment-json.ts';
import { NamedDeploymentJson } from './deployment-names.ts';
import { ReceiptJson } from './deployment-receipts.ts';
import { TimelineJson } from './deployment-timeline.ts';
import {
  AlertCreate,
  AlertsQuery,
  AlertUpdate,
  createAlert,
  getAlert,
  listAlerts,
  removeAlert,
  updateAlert,
} from './prepared-alerts.ts';
import { previewTargets, TargetsPreview, TargetsQuery } from './preview-targets.ts';
import {
  DeploymentDetailJson,
  DeploymentsQuery,
  getDeployment,
  getTimeline,
  listDeployments,
  listReceipts,
  ReceiptsQuery,
} from './read-deployments.ts';
import { stopAlert, StopRequest } from './stop-alert.ts';

const URL = `${API_BASE}/alerts`;

export function alertRoutes(): Route[] {
  return [...preparedRoutes(), ...actingRoutes(), ...deploymentRoutes()];
}

function preparedRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: URL,
      policy: 'user',
      operationId: 'listAlerts',
      summary: 'Prepared alerts',
      query: AlertsQuery,
      data: Type.Array(AlertJson),
      paged: true,
      handler: listAlerts,
    }),
    route({
      method: 'POST',
      url: URL,
      policy: 'manager',
      operationId: 'createAlert',
      summary: 'Prepare an alert',
      body: AlertCreate,
      data: AlertJson,
      status: 201,
      handler: createAlert,
    }),
    route({
      method: 'GET',
      url: `${URL}/:id`,
      policy: 'user',
      operationId: 'getAlert',
      summary: 'One prepared alert',
      params: IdParams,
      data: AlertJson,
      handler: getAlert,
    }),
    route({
      method: 'PUT',
      url: `${URL}/:id`,
      policy: 'manager',
      operationId: 'updateAlert',
      summary: 'Change a prepared alert; what is on screens already stays as it was raised',
      params: IdParams,
      body: AlertUpdate,
      data: AlertJson,
      handler: updateAlert,
    }),
    route({
      method: 'DELETE',
      url: `${URL}/:id`,
      policy: 'manager',
      operationId: 'removeAlert',
      summary: 'Delete a prepared alert; deployments of it go on',
      params: IdParams,
      data: Type.Object({}),
      handler: removeAlert,
    }),
  ];
}

function actingRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: `${URL}/targets`,
      policy: 'manager',
      operationId: 'previewAlertTargets',
      summary: 'How many screens raising an alert on these targets would reach now',
      query: TargetsQuery,
      data: TargetsPreview,
      bucket: 'alert',
      handler: previewTargets,
    }),
    route({
      method: 'POST',
      url: `${URL}/deploy`,
      policy: 'manager',
      operationId: 'deployAlert',
      summary: 'Raise an alert on groups and devices, now',
      body: DeployRequest,
      data: DeployedAlert,
      status: 201,
      bucket: 'alert',
      handler: deployAlert,
    }),
    route({
      method: 'POST',
      url: `${URL}/stop`,
      policy: 'manager',
      operationId: 'stopAlert',
      summary: 'Stop a deployment on every screen; doing it again changes nothing',
      body: StopRequest,
      data: DeploymentJson,
      bucket: 'alert',
      handler: stopAlert,
    }),
  ];
}

function deploymentRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: `${URL}/deployments`,
      policy: 'user',
      operationId: 'listDeployments',
      summary: 'Alerts that were raised, the newest first',
      query: DeploymentsQuery,
      data: Type.Array(NamedDeploymentJson),
      paged: true,
      handler: listDeployments,
    }),
    route({
      method: 'GET',
      url: `${URL}/deployments/:id`,
      policy: 'user',
      operationId: 'getDeployment',
      summary: 'One deployment with its receipt ladder and latencies',
      params: IdParams,
      data: DeploymentDetailJson,
      handler: getDeployment,
    }),
    route({
      method: 'GET',
      url: `${URL}/deployments/:id/timeline`,
      policy: 'user',
      operationId: 'getDeploymentTimeline',
      summary: 'How many screens had received and displayed it, over time',
      params: IdParams,
      data: TimelineJson,
      handler: getTimeline,
    }),
    route({
      method: 'GET',
      url: `${URL}/deployments/:id/receipts`,
      policy: 'user',
      operationId: 'listReceipts',
      summary: 'The screens of a deployment that have come as far as a stage',
      params: IdParams,
      query: ReceiptsQuery,
      data: Type.Array(ReceiptJson),
      paged: true,
      handler: listReceipts,
    }),
  ];
}
