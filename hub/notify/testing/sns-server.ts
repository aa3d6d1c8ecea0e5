/**
 * An SNS on a free port of 127.0.0.1 that takes nothing on trust: it works out the signature of every request anew (AWS Signature
 * Version 4) from the secret that it shares with the caller, and answers 403 as SNS does where the two differ.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { vi } from 'vitest';

export const SNS_REGION = 'eu-central-1';
export const SNS_TOPIC_ARN = `arn:aws:sns:${SNS_REGION}:123456789012:alerts`;

/** An access key, as the caller and the server share it. */
export interface SnsKey {
  readonly keyId: string;
  readonly secretKey: string;
}

const KEY: SnsKey = { keyId: 'AKIDSNSTEST', secretKey: 'canary-sns-secret-key' };

/** A message that was taken. */
export interface SnsMessage {
  readonly topicArn: string | null;
  readonly body: string;
  readonly attributes: Readonly<Record<string, { type: string; value: string }>>;
  readonly groupId: string | null;
  readonly deduplicationId: string | null;
}

/** Answers a request itself; returns false to let it be taken. */
export type SnsFault = (response: ServerResponse) => boolean;

export interface SnsServer {
  readonly endpoint: string;
  readonly messages: readonly SnsMessage[];
  /** Requests so far, those refused among them. */
  requests(): number;
  /** What goes wrong from now on; null: nothing. */
  fail(fault: SnsFault | null): void;
  stop(): Promise<void>;
}

/** Credentials in the environment of this test file, and nowhere else to look for others. */
export function useSnsCredentials(secretAccessKey = KEY.secretKey): void {
  vi.stubEnv('AWS_ACCESS_KEY_ID', KEY.keyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretAccessKey);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
}

/** An error as SNS words it. */
export function snsError(response: ServerResponse, status: number, code: string): true {
  const xml = `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>`;
  response.writeHead(status, { 'content-type': 'text/xml' }).end(xml);
  return true;
}

function sha256(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}

function hmac(key: string | Buffer, value: string): Buffer {
  return createHmac('sha256', key).update(value).digest();
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/sns\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/;

/** Whether the request was signed with the secret that we know, over what has arrived. */
function isSigned(request: IncomingMessage, body: string, key: SnsKey): boolean {
  const [, keyId, day = '', region = '', names = '', signature = ''] =
    AUTHORIZATION.exec(request.headers.authorization ?? '') ?? [];
  const at = String(request.headers['x-amz-date']);
  const signed = names.split(';');
  if (keyId !== key.keyId || region !== SNS_REGION || !at.startsWith(day)) return false;
  if (!['host', 'x-amz-date'].every((name) => signed.includes(name))) return false;
  const headers = signed.map((name) => `${name}:${String(request.headers[name]).trim().replaceAll(/ +/g, ' ')}\n`);
  const canonical = [request.method, request.url, '', headers.join(''), names, sha256(body)].join('\n');
  const scope = `${day}/${region}/sns/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', at, scope, sha256(canonical)].join('\n');
  const signingKey = ['sns', 'aws4_request'].reduce(hmac, hmac(hmac(`AWS4${key.secretKey}`, day), region));
  return timingSafeEqual(hmac(signingKey, toSign), Buffer.from(signature, 'hex'));
}

function messageOf(body: string): SnsMessage {
  const form = new URLSearchParams(body);
  const attributes: Record<string, { type: string; value: string }> = {};
  for (let at = 1; form.has(`MessageAttributes.entry.${at}.Name`); at += 1) {
    const part = (name: string): string => form.get(`MessageAttributes.entry.${at}.${name}`) ?? '';
    attributes[part('Name')] = { type: part('Value.DataType'), value: part('Value.StringValue') };
  }
  return {
    topicArn: form.get('TopicArn'),
    body: form.get('Message') ?? '',
    attributes,
    groupId: form.get('MessageGroupId'),
    deduplicationId: form.get('MessageDeduplicationId'),
  };
}

/** Starts it; it knows the key of `useSnsCredentials` unless given another. */
export async function startSns(key = KEY): Promise<SnsServer> {
  const messages: SnsMessage[] = [];
  let requests = 0;
  let fault: SnsFault | null = null;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    requests += 1;
    const body = await text(request);
    if (!isSigned(request, body, key)) {
      snsError(response, 403, 'SignatureDoesNotMatch');
      return;
    }
    if (fault?.(response) === true) return;
    if (new URLSearchParams(body).get('Action') !== 'Publish') {
      snsError(response, 400, 'InvalidAction');
      return;
    }
    messages.push(messageOf(body));
    const xml = `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>m-${messages.length}</MessageId></PublishResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishResponse>`;
    response.writeHead(200, { 'content-type': 'text/xml' }).end(xml);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages,
    requests: () => requests,
    fail(next) {
      fault = next;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
