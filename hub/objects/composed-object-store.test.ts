/** The one place where a store is chosen: with S3_BUCKET the bucket, without it the data folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { removeFolder, throwawayFolder } from '../../test/support/daemon.ts';
import { composeParts, createLogger, type Parts } from '../compose.ts';
import { readConfig } from '../config.ts';
import { S3ObjectStore } from './s3-object-store.ts';
import { asFetched, fetchWhole, someBytes } from './testing/object-samples.ts';
import { startS3, useS3Credentials, type S3Server } from './testing/s3-server.ts';

let server: S3Server;
let folder: string;
let parts: Parts | null = null;

beforeAll(async () => {
  useS3Credentials();
  server = await startS3();
});
afterAll(async () => {
  await server.stop();
  vi.unstubAllEnvs();
});
beforeEach(() => {
  folder = throwawayFolder('compose');
});
afterEach(async () => {
  await parts?.close();
  parts = null;
  removeFolder(folder);
});

async function compose(variables: Record<string, string>): Promise<Parts> {
  const config = readConfig({ PODOH_DATA_DIR: folder, LOG_LEVEL: 'silent', ...variables });
  parts = await composeParts(config, createLogger(config, 'test'));
  return parts;
}

test('with S3_BUCKET files go to the bucket and not to the data folder', async () => {
  const { objects } = await compose({ S3_BUCKET: server.bucket, S3_ENDPOINT: server.endpoint });
  const bytes = someBytes(1_000);
  await objects.put('commands/1/2', bytes, 'image/png');
  const { bucket, endpoint } = server;
  const direct = new S3ObjectStore({ bucket, endpoint, region: 'us-east-1' });
  expect(await fetchWhole(direct, 'commands/1/2')).toEqual(asFetched(bytes, 'image/png'));
  expect(existsSync(join(folder, 'objects'))).toBe(false);
});

test('without it they go to the data folder and not to the bucket', async () => {
  const { objects } = await compose({});
  const bytes = someBytes(1_000);
  await objects.put('commands/1/3', bytes, 'image/png');
  expect(await fetchWhole(objects, 'commands/1/3')).toEqual(asFetched(bytes, 'image/png'));
  expect(existsSync(join(folder, 'objects'))).toBe(true);
  const { bucket, endpoint } = server;
  expect(await new S3ObjectStore({ bucket, endpoint, region: 'us-east-1' }).get('commands/1/3')).toBeNull();
});
