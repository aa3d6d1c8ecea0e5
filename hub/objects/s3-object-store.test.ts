/** What is S3's own: the exact bytes on the wire, parts that are dropped, and an S3 that is away in every way we know. */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { stdSerializers } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { freePort } from '../../test/support/free-port.ts';
import { ObjectStoreUnavailableError } from '../core/ports.ts';
import { S3_LIMITS, S3ObjectStore, type S3Limits } from './s3-object-store.ts';
import { s3Error, startBlackHole, startEndpoint, type Endpoint } from './testing/endpoint.ts';
import { asFetched, fetchWhole, MEBIBYTE, someBytes, streamFrom, streamOf } from './testing/object-samples.ts';
import { startS3, useS3Credentials, type S3Server } from './testing/s3-server.ts';

const PNG = 'image/png';
const SECRET = 'canary-secret-access-key';
const SOON: S3Limits = {
  connectMs: 200,
  answerMs: 200,
  stallMs: 200,
  operationMs: 1_500,
  joinMs: 1_500,
  attemptsMax: 2,
};

function storeAt(endpoint: string, limits: S3Limits = SOON, prefix?: string): S3ObjectStore {
  return new S3ObjectStore({ bucket: 'podoh-test', endpoint, region: 'us-east-1', limits, prefix });
}

/** What each of the calls failed with. */
async function failuresOf(calls: readonly Promise<unknown>[]): Promise<Error[]> {
  const outcomes = await Promise.allSettled(calls);
  return outcomes.map((outcome) => {
    if (outcome.status === 'fulfilled') throw new Error('this should have failed');
    return outcome.reason as Error;
  });
}

/** Every call, with streams that fit one request and that do not. */
function everyCall(store: S3ObjectStore): Promise<unknown>[] {
  return [
    store.get('a'),
    store.get('a', { start: 0, end: 9 }),
    store.stat('a'),
    store.delete('a'),
    store.put('a', someBytes(10), PNG),
    store.put('a', streamOf(someBytes(10)), PNG),
    store.put('a', streamOf(someBytes(11 * MEBIBYTE)), PNG),
  ];
}

describe('with a real S3 server', () => {
  let server: S3Server;
  beforeAll(async () => {
    useS3Credentials();
    server = await startS3();
  });
  afterAll(async () => {
    await server.stop();
    vi.unstubAllEnvs();
  });

  test('a streamed put stores exactly its bytes; control: with the default settings of the SDK it does not', async () => {
    const bytes = someBytes(1_000);
    const store = storeAt(server.endpoint, S3_LIMITS);
    await store.put('exact', streamOf(bytes), PNG);
    expect(await fetchWhole(store, 'exact')).toEqual(asFetched(bytes, PNG));

    const careless = new S3Client({ endpoint: server.endpoint, region: 'us-east-1', forcePathStyle: true });
    const address = { Bucket: server.bucket, Key: 'careless' };
    await careless.send(
      new PutObjectCommand({ ...address, Body: Readable.from([bytes]), ContentLength: bytes.length }),
    );
    const stored = await careless.send(new GetObjectCommand(address));
    expect(await buffer(stored.Body as Readable)).not.toEqual(bytes);
    expect(stored.ContentLength).toBeGreaterThan(1_000);
  });

  test('nothing is sent in a framing or with a checksum that a store has to know', async () => {
    const sent: string[][] = [];
    const endpoint = await startEndpoint((response, request) => {
      sent.push(Object.keys(request.headers));
      if (request.method === 'POST') s3Error(response, 403, 'AccessDenied');
      else response.writeHead(200, { ETag: '"e"' }).end();
    });
    const store = storeAt(endpoint.endpoint);
    await store.put('a', someBytes(10), PNG);
    await store.put('a', streamOf(someBytes(10)), PNG);
    await expect(store.put('a', streamOf(someBytes(6 * MEBIBYTE)), PNG)).rejects.toThrow('AccessDenied');
    await endpoint.stop();
    expect(sent).toHaveLength(3);
    expect(sent.flat().filter((name) => /checksum|trailer|content-encoding|decoded/.test(name))).toEqual([]);
  });

  test('the prefix stands before every key and keeps two installations apart', async () => {
    const one = storeAt(server.endpoint, S3_LIMITS, 'one/');
    const two = storeAt(server.endpoint, S3_LIMITS, 'two/');
    const bytes = someBytes(10);
    await one.put('same', bytes, PNG);
    expect(await two.get('same')).toBeNull();
    expect(await fetchWhole(storeAt(server.endpoint), 'one/same')).toEqual(asFetched(bytes, PNG));
    await two.delete('same');
    expect(await fetchWhole(one, 'same')).toEqual(asFetched(bytes, PNG));
  });

  test('the parts of an upload whose stream fails are dropped', async () => {
    const before = server.droppedUploads();
    const failure = new Error('the sender hung up');
    const put = storeAt(server.endpoint, S3_LIMITS).put('parts', streamOf(someBytes(12 * MEBIBYTE), failure), PNG);
    await expect(put).rejects.toBe(failure);
    expect(server.droppedUploads()).toBe(before + 1);
    expect(server.unfinishedUploads()).toEqual([]);
  });

  test('a bucket that is not there is no missing object, and waiting does not help', async () => {
    const store = new S3ObjectStore({
      bucket: 'nobodys',
      endpoint: server.endpoint,
      region: 'us-east-1',
      limits: SOON,
    });
    for (const error of await failuresOf(everyCall(store))) {
      expect(error).not.toBeInstanceOf(ObjectStoreUnavailableError);
      expect(error.message).toMatch(/^S3 refused to (get|stat|put|delete): NoSuchBucket 404$/);
    }
  });

  test('a reader may take longer than a stall lasts', async () => {
    const bytes = someBytes(4 * MEBIBYTE);
    await storeAt(server.endpoint, S3_LIMITS).put('slowly', bytes, PNG);
    const stream = await streamFrom(storeAt(server.endpoint, { ...SOON, stallMs: 100 }), 'slowly');
    const chunks: Buffer[] = [];
    for await (const chunk of stream) {
      if (chunks.length < 3) await sleep(250);
      chunks.push(chunk as Buffer);
    }
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  });

  test('a put whose stream takes longer than a stall lasts is no stall', async () => {
    async function* slowly(): AsyncGenerator<Buffer> {
      for (let at = 0; at < 2; at += 1) {
        await sleep(1_200);
        yield Buffer.from(`${at}`);
      }
    }
    // Far more than the server, which shares this process, needs to answer on a busy machine.
    const store = storeAt(server.endpoint, { ...SOON, stallMs: 1_000 });
    await store.put('slow-source', Readable.from(slowly()), PNG);
    expect(await fetchWhole(store, 'slow-source')).toEqual(asFetched(Buffer.from('01'), PNG));
  });
});

async function expectUnavailable(calls: readonly Promise<unknown>[]): Promise<Error[]> {
  const errors = await failuresOf(calls);
  for (const error of errors) expect(error).toBeInstanceOf(ObjectStoreUnavailableError);
  return errors;
}

describe('an S3 that is away', () => {
  const standing: Endpoint[] = [];
  async function at(starting: Promise<Endpoint>): Promise<Endpoint> {
    const endpoint = await starting;
    standing.push(endpoint);
    return endpoint;
  }
  beforeEach(() => {
    useS3Credentials(SECRET);
  });
  afterEach(async () => {
    await Promise.all(standing.splice(0).map((endpoint) => endpoint.stop()));
    vi.unstubAllEnvs();
  });

  test('the limits that are used let no call without progress wait longer than ten seconds', () => {
    const { connectMs, stallMs, operationMs, attemptsMax } = S3_LIMITS;
    expect(operationMs).toBeLessThanOrEqual(10_000);
    expect(attemptsMax * (connectMs + stallMs)).toBeLessThanOrEqual(10_000);
  });

  test('nobody listens', async () => {
    const errors = await expectUnavailable(everyCall(storeAt(`http://127.0.0.1:${await freePort()}`)));
    for (const { message } of errors) expect(message).toMatch(/^S3 did not (get|stat|put|delete): \w+ ECONNREFUSED$/);
  });

  test('parts, too, are not begun, listed, joined or dropped, and nobody takes that for parts that are gone', async () => {
    const store = storeAt(`http://127.0.0.1:${await freePort()}`);
    const part = { key: 'a', partsId: 'p', number: 1 };
    const errors = await expectUnavailable([
      store.beginParts('a', PNG),
      store.listParts('a', 'p'),
      store.joinParts('a', 'p', 1),
      store.abortParts('a', 'p'),
      store.putPart(part, streamOf(someBytes(10)), 10),
    ]);
    for (const { message } of errors) expect(message).toMatch(/^S3 did not .* parts?: \w+ ECONNREFUSED$/);
  });

  test('the stream that it does not take is ended', async () => {
    const stream = streamOf(someBytes(40 * MEBIBYTE));
    await expectUnavailable([storeAt(`http://127.0.0.1:${await freePort()}`).put('a', stream, PNG)]);
    await eventually(() => stream.destroyed);
    expect(stream.readableEnded).toBe(false);
  });

  test('no connection comes about', async () => {
    const { endpoint } = await at(startBlackHole());
    const errors = await expectUnavailable(everyCall(storeAt(endpoint, { ...SOON, answerMs: 1_000, stallMs: 1_000 })));
    for (const { cause } of errors) expect(String(cause)).toContain('did not establish a connection');
  });

  test('connections are taken and nothing is answered', async () => {
    const { endpoint, requests } = await at(startEndpoint(() => undefined));
    await expectUnavailable(everyCall(storeAt(endpoint)));
    expect(requests()).toBeGreaterThanOrEqual(2 * 7);
  });

  test('it says "later", and that later is in an hour', async () => {
    const refusals = [500, 502, 503, 504, 429].map(async (status) => {
      const { endpoint } = await at(
        startEndpoint((response) => {
          response.setHeader('Retry-After', '3600');
          s3Error(response, status, 'SlowDown');
        }),
      );
      await expectUnavailable([storeAt(endpoint).get('a'), storeAt(endpoint).delete('a')]);
    });
    await Promise.all(refusals);
    expect(standing).toHaveLength(5);
  });

  test('the text of its error never ends', async () => {
    const { endpoint } = await at(
      startEndpoint((response) => {
        response.writeHead(500, { 'Content-Type': 'application/xml' });
        response.write('<?xml version="1.0"?><Error><Code>Inter');
      }),
    );
    await expectUnavailable(everyCall(storeAt(endpoint)));
  });

  test('it stops in the middle of an object, or breaks off', async () => {
    const { endpoint } = await at(
      startEndpoint((response, _request, number) => {
        response.writeHead(200, { 'Content-Type': PNG, 'Content-Length': '1000' });
        response.write(someBytes(400), () => {
          if (number === 2) response.destroy();
        });
      }),
    );
    for (const round of [1, 2]) {
      const found = await storeAt(endpoint).get('a');
      expect([round, found?.sizeBytes]).toEqual([round, 1_000]);
      await expectUnavailable([buffer(found?.stream as Readable)]);
    }
  });

  test('what failed once is tried again', async () => {
    const { endpoint, requests } = await at(
      startEndpoint((response, _request, number) => {
        if (number === 1) response.destroy();
        else response.writeHead(200, { 'Content-Type': PNG, 'Content-Length': '3' }).end('yes');
      }),
    );
    expect(await fetchWhole(storeAt(endpoint), 'a')).toEqual(asFetched(Buffer.from('yes'), PNG));
    expect(requests()).toBe(2);
  });

  test('a stream that fails is the error even where its parts cannot be dropped', async () => {
    const { endpoint } = await at(
      startEndpoint((response, request) => {
        if (request.method === 'POST')
          response.end('<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>');
        else if (request.method === 'PUT') response.writeHead(200, { ETag: '"e"' }).end();
        else s3Error(response, 503, 'SlowDown');
      }),
    );
    const failure = Object.assign(new Error('the sender hung up'), { code: 'ECONNRESET' });
    await expect(storeAt(endpoint).put('a', streamOf(someBytes(12 * MEBIBYTE), failure), PNG)).rejects.toBe(failure);
  });

  test('a refusal is told apart, and is neither tried again nor taken for a missing object', async () => {
    const { endpoint, requests } = await at(startEndpoint((response) => s3Error(response, 403, 'AccessDenied')));
    const errors = await failuresOf(everyCall(storeAt(endpoint)));
    for (const error of errors) {
      expect(error).not.toBeInstanceOf(ObjectStoreUnavailableError);
      // The answer to a HEAD has no text to tell it by.
      expect(error.message).toMatch(/^S3 refused to (?:(?:get|put|delete): AccessDenied|stat: Unknown) 403$/);
    }
    expect(requests()).toBe(errors.length);
  });

  test('an answer that is not S3 is neither an object nor its absence', async () => {
    const { endpoint } = await at(startEndpoint((response) => response.writeHead(404).end('<html>not here</html>')));
    const [error] = await failuresOf([storeAt(endpoint).get('a')]);
    expect(error?.message).toMatch(/^S3 refused to get: /);
  });

  test('without credentials nothing is sent', async () => {
    vi.unstubAllEnvs();
    for (const name of [
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_PROFILE',
      'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
      'AWS_CONTAINER_CREDENTIALS_FULL_URI',
      'AWS_WEB_IDENTITY_TOKEN_FILE',
    ]) {
      vi.stubEnv(name, undefined);
    }
    for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(name, 'does-not-exist');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    const { endpoint, requests } = await at(startEndpoint((response) => s3Error(response, 403, 'AccessDenied')));
    for (const error of await failuresOf(everyCall(storeAt(endpoint)))) {
      expect(error.message).toMatch(/^S3 refused to (get|stat|put|delete): CredentialsProviderError/);
    }
    expect(requests()).toBe(0);
  });

  test('no error holds a credential, even where S3 sends back what we signed', async () => {
    const { endpoint } = await at(
      startEndpoint((response, request) => {
        const headers = JSON.stringify(request.headers).replaceAll('<', '');
        const told = `<AWSAccessKeyId>S3RVER</AWSAccessKeyId><StringToSign>${headers}</StringToSign>`;
        s3Error(response, 403, 'SignatureDoesNotMatch', told);
      }),
    );
    const errors = await failuresOf(everyCall(storeAt(endpoint)));
    for (const error of errors) {
      const logged = JSON.stringify(stdSerializers.err(error));
      expect(logged).toMatch(/SignatureDoesNotMatch|stat: Unknown 403/);
      expect(logged).not.toMatch(/canary|S3RVER|Signature=/);
      expect(inspect(error, { depth: 9 })).not.toContain(SECRET);
    }
  });
});
