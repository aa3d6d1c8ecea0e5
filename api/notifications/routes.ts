/** The notifications' part of the CMS contract: webhooks, what could not be delivered, and how it all is doing. */
import Type from 'typebox';
import { API_BASE, IdParams, route, type Route } from '../route.ts';
import {
  DeadLetterDetailJson,
  DeadLetterJson,
  DeadLettersQuery,
  getDeadLetter,
  listDeadLetters,
  retryDeadLetter,
} from './dead-letters.ts';
import { getNotificationStatus, NotificationStatus } from './notification-status.ts';
import { TestOutcome, testWebhook } from './test-webhook.ts';
import { WebhookJson, WebhookWithSecret } from './webhook-json.ts';
import {
  createWebhook,
  getWebhook,
  listWebhooks,
  removeWebhook,
  RotatedSecret,
  rotateSecret,
  updateWebhook,
  WebhookCreate,
  WebhooksQuery,
  WebhookUpdate,
} from './webhooks.ts';

const WEBHOOKS = `${API_BASE}/webhooks`;
const NOTIFICATIONS = `${API_BASE}/notifications`;

export function notificationRoutes(): Route[] {
  return [...webhookRoutes(), ...webhookActionRoutes(), ...deliveryRoutes()];
}

function webhookRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: WEBHOOKS,
      policy: 'admin',
      operationId: 'listWebhooks',
      summary: "The tenant's webhooks",
      query: WebhooksQuery,
      data: Type.Array(WebhookJson),
      paged: true,
      handler: listWebhooks,
    }),
    route({
      method: 'POST',
      url: WEBHOOKS,
      policy: 'admin',
      operationId: 'createWebhook',
      summary: 'Have events sent to an address, signed; the secret is shown this once',
      body: WebhookCreate,
      data: WebhookWithSecret,
      status: 201,
      handler: createWebhook,
    }),
    route({
      method: 'GET',
      url: `${WEBHOOKS}/:id`,
      policy: 'admin',
      operationId: 'getWebhook',
      summary: 'One webhook',
      params: IdParams,
      data: WebhookJson,
      handler: getWebhook,
    }),
    route({
      method: 'PUT',
      url: `${WEBHOOKS}/:id`,
      policy: 'admin',
      operationId: 'updateWebhook',
      summary: 'Change a webhook',
      params: IdParams,
      body: WebhookUpdate,
      data: WebhookJson,
      handler: updateWebhook,
    }),
    route({
      method: 'DELETE',
      url: `${WEBHOOKS}/:id`,
      policy: 'admin',
      operationId: 'removeWebhook',
      summary: 'Delete a webhook and what waits for it',
      params: IdParams,
      data: Type.Object({}),
      handler: removeWebhook,
    }),
  ];
}

function webhookActionRoutes(): Route[] {
  return [
    route({
      method: 'POST',
      url: `${WEBHOOKS}/:id/rotate-secret`,
      policy: 'admin',
      operationId: 'rotateWebhookSecret',
      summary: 'Give a webhook another secret, shown this once; the old one signs nothing any more',
      params: IdParams,
      data: RotatedSecret,
      handler: rotateSecret,
    }),
    route({
      method: 'POST',
      url: `${WEBHOOKS}/:id/test`,
      policy: 'admin',
      operationId: 'testWebhook',
      summary: 'Send a test event now and tell what became of it',
      params: IdParams,
      data: TestOutcome,
      handler: testWebhook,
    }),
  ];
}

function deliveryRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: `${NOTIFICATIONS}/status`,
      policy: 'admin',
      operationId: 'getNotificationStatus',
      summary: 'Whether the outside is being told: what waits, and what was given up',
      data: NotificationStatus,
      handler: getNotificationStatus,
    }),
    route({
      method: 'GET',
      url: `${NOTIFICATIONS}/dead-letters`,
      policy: 'admin',
      operationId: 'listDeadLetters',
      summary: 'Events that could not be delivered, the newest first',
      query: DeadLettersQuery,
      data: Type.Array(DeadLetterJson),
      paged: true,
      handler: listDeadLetters,
    }),
    route({
      method: 'GET',
      url: `${NOTIFICATIONS}/dead-letters/:id`,
      policy: 'admin',
      operationId: 'getDeadLetter',
      summary: 'One of them, with the event',
      params: IdParams,
      data: DeadLetterDetailJson,
      handler: getDeadLetter,
    }),
    route({
      method: 'POST',
      url: `${NOTIFICATIONS}/dead-letters/:id/retry`,
      policy: 'admin',
      operationId: 'retryDeadLetter',
      summary: 'Try to deliver it again, for another day',
      params: IdParams,
      data: Type.Object({}),
      handler: retryDeadLetter,
    }),
  ];
}
