/** The devices' part of the CMS contract. */
import Type from 'typebox';
import { API_BASE, IdParams, route, type Route } from '../route.ts';
import { BulkRequest, BulkResult, bulkDevices } from './bulk-devices.ts';
import { CommandJson } from './command-json.ts';
import {
  CommandParams,
  CommandRequest,
  CommandsQuery,
  getCommandFile,
  issueCommand,
  listCommands,
} from './device-commands.ts';
import { DeviceJson } from './device-json.ts';
import { listDevicePlaces, PlacesJson, PlacesQuery } from './device-places.ts';
import { DeviceStateJson, getDeviceState } from './device-state.ts';
import { DeviceUpdate, removeDevice, revokeDevice, updateDevice } from './edit-device.ts';
import { ImportedDevices, importDevices, ImportRequest } from './import-devices.ts';
import { pairDevice, PairRequest } from './pair-device.ts';
import { listSessions, SessionJson, SessionsQuery } from './device-sessions.ts';
import { DevicesQuery, getDevice, listDevices } from './read-devices.ts';

const URL = `${API_BASE}/devices`;

export function deviceRoutes(): Route[] {
  return [...recordRoutes(), ...standingRoutes(), ...bulkRoutes(), ...admissionRoutes(), ...commandRoutes()];
}

function recordRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: URL,
      policy: 'user',
      operationId: 'listDevices',
      summary: "The devices of the caller's scope",
      query: DevicesQuery,
      data: Type.Array(DeviceJson),
      paged: true,
      handler: listDevices,
    }),
    route({
      method: 'GET',
      url: `${URL}/places`,
      policy: 'user',
      operationId: 'listDevicePlaces',
      summary: 'Where devices stand and how they are, for a map',
      query: PlacesQuery,
      data: PlacesJson,
      handler: listDevicePlaces,
    }),
    route({
      method: 'GET',
      url: `${URL}/:id`,
      policy: 'user',
      operationId: 'getDevice',
      summary: 'One device',
      params: IdParams,
      data: DeviceJson,
      handler: getDevice,
    }),
    route({
      method: 'PUT',
      url: `${URL}/:id`,
      policy: 'manager',
      operationId: 'updateDevice',
      summary: 'Rename, move or configure a device',
      params: IdParams,
      body: DeviceUpdate,
      data: DeviceJson,
      handler: updateDevice,
    }),
    route({
      method: 'DELETE',
      url: `${URL}/:id`,
      policy: 'manager',
      operationId: 'removeDevice',
      summary: 'Delete a device; its receipts and proof of play stay',
      params: IdParams,
      data: Type.Object({}),
      handler: removeDevice,
    }),
  ];
}

/** How a device is, and was. */
function standingRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: `${URL}/:id/state`,
      policy: 'user',
      operationId: 'getDeviceState',
      summary: 'What the device should show and be, beside what it says it shows and is',
      params: IdParams,
      data: DeviceStateJson,
      handler: getDeviceState,
    }),
    route({
      method: 'GET',
      url: `${URL}/:id/sessions`,
      policy: 'user',
      operationId: 'listDeviceSessions',
      summary: 'When the device was online, and over what',
      params: IdParams,
      query: SessionsQuery,
      data: Type.Array(SessionJson),
      paged: true,
      handler: listSessions,
    }),
  ];
}

function bulkRoutes(): Route[] {
  return [
    route({
      method: 'POST',
      url: `${URL}/bulk`,
      policy: 'manager',
      operationId: 'bulkDevices',
      summary: 'Move, command, configure, revoke or delete many devices at once, or say what that would touch',
      description:
        'At most 5,000 devices, all or nothing. Devices that the action does not fit are skipped and counted. With `dryRun` nothing ' +
        'is done: show the answer, then send the same with its `matched` as `select.expect`.',
      body: BulkRequest,
      data: BulkResult,
      handler: bulkDevices,
    }),
  ];
}

function admissionRoutes(): Route[] {
  return [
    route({
      method: 'POST',
      url: `${URL}/pair`,
      policy: 'manager',
      operationId: 'pairDevice',
      summary: 'Pair the player that shows this code',
      body: PairRequest,
      data: DeviceJson,
      status: 201,
      handler: pairDevice,
    }),
    route({
      method: 'POST',
      url: `${URL}/import`,
      policy: 'manager',
      operationId: 'importDevices',
      summary: 'Create devices in bulk, all or none; the credentials are given this once',
      body: ImportRequest,
      data: ImportedDevices,
      status: 201,
      handler: importDevices,
    }),
    route({
      method: 'POST',
      url: `${URL}/:id/revoke`,
      policy: 'manager',
      operationId: 'revokeDevice',
      summary: "End a device's credential, tokens and session",
      params: IdParams,
      data: DeviceJson,
      handler: revokeDevice,
    }),
  ];
}

function commandRoutes(): Route[] {
  return [
    route({
      method: 'POST',
      url: `${URL}/:id/commands`,
      policy: 'manager',
      operationId: 'issueCommand',
      summary: 'Give the device a command that it can carry out',
      params: IdParams,
      body: CommandRequest,
      data: CommandJson,
      status: 201,
      handler: issueCommand,
    }),
    route({
      method: 'GET',
      url: `${URL}/:id/commands`,
      policy: 'user',
      operationId: 'listCommands',
      summary: "The device's commands and what became of them",
      params: IdParams,
      query: CommandsQuery,
      data: Type.Array(CommandJson),
      paged: true,
      handler: listCommands,
    }),
    route({
      method: 'GET',
      url: `${URL}/:id/commands/:commandId/file`,
      policy: 'user',
      operationId: 'getCommandFile',
      summary: "A command's result file (a screenshot), as the device sent it",
      params: CommandParams,
      data: Type.Unknown(),
      raw: true,
      handler: getCommandFile,
    }),
  ];
}
