import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { freePort } from '../../test/support/free-port.ts';
import { NotDeliveredError, type OutsideEvent } from '../core/ports.ts';
import { SnsNotifier, type SnsLimits } from './sns-notifier.ts';
import {
  snsError,
  startSns,
  useSnsCredentials,
  SNS_REGION,
  SNS_TOPIC_ARN,
  type SnsServer,
} from './testing/sns-server.ts';

const SOON: SnsLimits = { connectMs: 200, answerMs: 200, attemptMs: 1_000 };
const EVENT: OutsideEvent = {
  eventId: 'alert.started:1:7',
  kind: 'alert.started',
  tenantId: 3,
  body: '{"title":"Räumen & + 100 % = 避難 \\u0000"}',
};

let sns: SnsServer;
beforeAll(async () => {
  sns = await startSns();
});
beforeEach(() => useSnsCredentials());
afterEach(() => {
  sns.fail(null);
  vi.unstubAllEnvs();
});
afterAll(() => sns.stop());

function notifier(options: { topicArn?: string; endpoint?: string; limits?: SnsLimits } = {}): SnsNotifier {
  return new SnsNotifier({ topicArn: SNS_TOPIC_ARN, endpoint: sns.endpoint, region: SNS_REGION, ...options });
}

/** The failure of a publish. */
async function failure(publishing: Promise<void>): Promise<NotDeliveredError> {
  const error: unknown = await publishing.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof NotDeliveredError)) throw new Error(`not what was expected: ${inspect(error)}`);
  return error;
}

test('publishes the very bytes, signed, with attributes to filter by', async () => {
  const before = sns.messages.length;
  await notifier().publish(EVENT);
  expect(sns.messages.slice(before)).toEqual([
    {
      topicArn: SNS_TOPIC_ARN,
      body: EVENT.body,
      attributes: {
        kind: { type: 'String', value: 'alert.started' },
        tenantId: { type: 'Number', value: '3' },
        eventId: { type: 'String', value: 'alert.started:1:7' },
      },
      groupId: null,
      deduplicationId: null,
    },
  ]);
});

test('a FIFO topic gets a group per tenant and the event as what it is deduplicated by', async () => {
  await notifier({ topicArn: `${SNS_TOPIC_ARN}.fifo` }).publish(EVENT);
  expect(sns.messages.at(-1)).toMatchObject({ groupId: 'tenant-3', deduplicationId: 'alert.started:1:7' });
});

test('a wrong secret is refused and may heal; neither secret nor signature is told', async () => {
  useSnsCredentials('another-secret');
  const before = sns.messages.length;
  const error = await failure(notifier().publish(EVENT));
  expect([error.retry, error.message]).toEqual([true, 'SNS did not take it: SignatureDoesNotMatch 403']);
  expect(error.message).not.toContain('secret');
  expect(sns.messages).toHaveLength(before);
});

test.each([
  [400, 'InvalidParameter', false],
  [400, 'ParameterValueInvalid', false],
  [400, 'ValidationError', false],
  [413, 'TooLarge', false],
  [400, 'Throttling', true],
  [429, 'Throttled', true],
  [403, 'ExpiredToken', true],
  [403, 'AuthorizationError', true],
  [404, 'NotFound', true],
  [500, 'InternalError', true],
  [503, 'ServiceUnavailable', true],
])('%i %s: another attempt can help: %s', async (status, code, retry) => {
  sns.fail((response) => snsError(response, status, code));
  const before = sns.requests();
  const error = await failure(notifier().publish(EVENT));
  expect(error.retry).toBe(retry);
  expect(error.message).toMatch(/^SNS did not take it: \w+/);
  // Trying again is the sender's.
  expect(sns.requests()).toBe(before + 1);
});

test('who never answers, answers half or is not there fails in time and is tried again', async () => {
  sns.fail(() => true);
  expect((await failure(notifier({ limits: SOON }).publish(EVENT))).retry).toBe(true);
  sns.fail((response) => response.writeHead(200, { 'content-length': '100' }).write('<Publish'));
  const half = await failure(notifier({ limits: SOON }).publish(EVENT));
  expect([half.retry, half.message]).toEqual([true, 'SNS did not take it: no answer in time']);
  const refused = await failure(notifier({ endpoint: `http://127.0.0.1:${await freePort()}` }).publish(EVENT));
  expect([refused.retry, refused.message]).toEqual([true, 'SNS did not take it: Error ECONNREFUSED']);
  sns.fail(null);
  const before = sns.messages.length;
  await notifier().publish(EVENT);
  expect(sns.messages).toHaveLength(before + 1);
});
