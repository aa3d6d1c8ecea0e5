/** The groups' part of the CMS contract. */
import Type from 'typebox';
import { API_BASE, IdParams, route, type Route } from '../route.ts';
import { GroupJson } from './group-json.ts';
import { getGroupStanding, GroupStandingJson } from './group-standing.ts';
import { getGroup, GroupsQuery, listGroups } from './read-groups.ts';
import { createGroup, GroupCreate, GroupUpdate, removeGroup, updateGroup } from './save-group.ts';

export function groupRoutes(): Route[] {
  const url = `${API_BASE}/groups`;
  return [
    route({
      method: 'GET',
      url,
      policy: 'user',
      operationId: 'listGroups',
      summary: "The groups of the caller's scope, with the devices in each one's subtree",
      query: GroupsQuery,
      data: Type.Array(GroupJson),
      paged: true,
      handler: listGroups,
    }),
    route({
      method: 'POST',
      url,
      policy: 'manager',
      operationId: 'createGroup',
      summary: 'Create a group; managers create below their own',
      body: GroupCreate,
      data: GroupJson,
      status: 201,
      handler: createGroup,
    }),
    route({
      method: 'GET',
      url: `${url}/:id`,
      policy: 'user',
      operationId: 'getGroup',
      summary: 'One group',
      params: IdParams,
      data: GroupJson,
      handler: getGroup,
    }),
    route({
      method: 'GET',
      url: `${url}/:id/standing`,
      policy: 'user',
      operationId: 'getGroupStanding',
      summary: 'What holds in a group: settings, schedules and active alerts, its own and those of the groups above',
      params: IdParams,
      data: GroupStandingJson,
      handler: getGroupStanding,
    }),
    route({
      method: 'PUT',
      url: `${url}/:id`,
      policy: 'manager',
      operationId: 'updateGroup',
      summary: 'Rename, move or configure a group',
      params: IdParams,
      body: GroupUpdate,
      data: GroupJson,
      handler: updateGroup,
    }),
    route({
      method: 'DELETE',
      url: `${url}/:id`,
      policy: 'manager',
      operationId: 'removeGroup',
      summary: 'Delete a group that has neither subgroups nor devices',
      params: IdParams,
      data: Type.Object({}),
      handler: removeGroup,
    }),
  ];
}
