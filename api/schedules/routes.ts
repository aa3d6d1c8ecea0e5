/** The schedules' part of the CMS contract. */
import Type from 'typebox';
import { ContentJson } from '../content/content-json.ts';
import { API_BASE, IdParams, route, type Route } from '../route.ts';
import {
  DeployedSchedule,
  deploySchedule,
  ScheduleDeploy,
  ScheduleWithdraw,
  WithdrawnSchedule,
  withdrawSchedule,
} from './deploy-schedule.ts';
import {
  copySchedule,
  createSchedule,
  removeSchedule,
  ScheduleCopy,
  ScheduleCreate,
  ScheduleUpdate,
  updateSchedule,
} from './edit-schedule.ts';
import {
  DeploymentDeviceJson,
  DeploymentDevicesQuery,
  DeploymentParams,
  getScheduleDeployment,
  listDeploymentDevices,
  listScheduleDeployments,
  ScheduleDeploymentItem,
  ScheduleDeploymentJson,
  ScheduleDeploymentsQuery,
} from './read-deployments.ts';
import {
  listScheduleContent,
  listScheduleTargets,
  ScheduleContentQuery,
  ScheduleTargetJson,
  ScheduleTargetsQuery,
} from './read-schedule-places.ts';
import { getSchedule, listSchedules, SchedulesQuery } from './read-schedules.ts';
import { ScheduleJson, ScheduleListItem } from './schedule-json.ts';

const URL = `${API_BASE}/schedules`;

export function scheduleRoutes(): Route[] {
  return [...editRoutes(), ...placeRoutes(), ...deployRoutes(), ...deploymentRoutes()];
}

function placeRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: `${URL}/:id/content`,
      policy: 'user',
      operationId: 'listScheduleContent',
      summary: 'The content that a schedule shows as it is edited now, each piece once',
      params: IdParams,
      query: ScheduleContentQuery,
      data: Type.Array(ContentJson),
      paged: true,
      handler: listScheduleContent,
    }),
    route({
      method: 'GET',
      url: `${URL}/:id/targets`,
      policy: 'user',
      operationId: 'listScheduleAssignments',
      summary: 'The groups and devices that a schedule is deployed to now',
      params: IdParams,
      query: ScheduleTargetsQuery,
      data: Type.Array(ScheduleTargetJson),
      paged: true,
      handler: listScheduleTargets,
    }),
  ];
}

function editRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: URL,
      policy: 'user',
      operationId: 'listSchedules',
      summary: 'Schedules without their layouts',
      query: SchedulesQuery,
      data: Type.Array(ScheduleListItem),
      paged: true,
      handler: listSchedules,
    }),
    route({
      method: 'POST',
      url: URL,
      policy: 'manager',
      operationId: 'createSchedule',
      summary: 'Create a schedule as a draft',
      body: ScheduleCreate,
      data: ScheduleJson,
      status: 201,
      handler: createSchedule,
    }),
    route({
      method: 'GET',
      url: `${URL}/:id`,
      policy: 'user',
      operationId: 'getSchedule',
      summary: 'One schedule as it is edited now',
      params: IdParams,
      data: ScheduleJson,
      handler: getSchedule,
    }),
    route({
      method: 'PUT',
      url: `${URL}/:id`,
      policy: 'manager',
      operationId: 'updateSchedule',
      summary: 'Change a schedule; screens play what was deployed until it is deployed again',
      params: IdParams,
      body: ScheduleUpdate,
      data: ScheduleJson,
      handler: updateSchedule,
    }),
    route({
      method: 'DELETE',
      url: `${URL}/:id`,
      policy: 'manager',
      operationId: 'removeSchedule',
      summary: 'Delete a schedule that is not deployed',
      params: IdParams,
      data: Type.Object({}),
      handler: removeSchedule,
    }),
    route({
      method: 'POST',
      url: `${URL}/:id/copy`,
      policy: 'manager',
      operationId: 'copySchedule',
      summary: 'Make a draft of a schedule as it is now',
      params: IdParams,
      body: ScheduleCopy,
      data: ScheduleJson,
      status: 201,
      handler: copySchedule,
    }),
  ];
}

function deployRoutes(): Route[] {
  return [
    route({
      method: 'POST',
      url: `${URL}/:id/deploy`,
      policy: 'manager',
      operationId: 'deploySchedule',
      summary: 'Send a schedule as it is now to groups and devices',
      params: IdParams,
      body: ScheduleDeploy,
      data: DeployedSchedule,
      status: 201,
      handler: deploySchedule,
    }),
    route({
      method: 'POST',
      url: `${URL}/:id/withdraw`,
      policy: 'manager',
      operationId: 'withdrawSchedule',
      summary: 'Take a schedule from groups and devices, or from everywhere',
      params: IdParams,
      body: ScheduleWithdraw,
      data: WithdrawnSchedule,
      handler: withdrawSchedule,
    }),
  ];
}

function deploymentRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: `${URL}/:id/deployments`,
      policy: 'user',
      operationId: 'listScheduleDeployments',
      summary: 'When a schedule was deployed, the newest first, and how far each deployment has come',
      params: IdParams,
      query: ScheduleDeploymentsQuery,
      data: Type.Array(ScheduleDeploymentItem),
      paged: true,
      handler: listScheduleDeployments,
    }),
    route({
      method: 'GET',
      url: `${URL}/:id/deployments/:deploymentId`,
      policy: 'user',
      operationId: 'getScheduleDeployment',
      summary: 'One deployment of a schedule with its targets and progress',
      params: DeploymentParams,
      data: ScheduleDeploymentJson,
      handler: getScheduleDeployment,
    }),
    route({
      method: 'GET',
      url: `${URL}/:id/deployments/:deploymentId/devices`,
      policy: 'user',
      operationId: 'listDeploymentDevices',
      summary: 'The devices of a deployment, each with what became of it there',
      params: DeploymentParams,
      query: DeploymentDevicesQuery,
      data: Type.Array(DeploymentDeviceJson),
      paged: true,
      handler: listDeploymentDevices,
    }),
  ];
}
