/** A screenshot from a device to an operator, with files on disk and in S3, and what both are told while S3 is away. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { systemStarter, type System } from '../../test/support/system.ts';
import { importDevices, TestDevice } from '../../test/support/test-device.ts';
import { startS3, useS3Credentials, type S3Server } from './testing/s3-server.ts';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

interface Screenshot {
  /** Sends the file as the device does. */
  send(): Promise<Response>;
  /** Asks for it as an operator does. */
  fetch(): Promise<{ status: number; code: string | undefined; bytes: Buffer; contentType: string | null }>;
}

/** A device that was asked for a screenshot. */
async function askForScreenshot({ admin, hubUrls, apiUrl, parts }: System): Promise<Screenshot> {
  const [credentials] = await importDevices(admin, 1, null);
  if (credentials === undefined) throw new Error('no device was made');
  const device = new TestDevice(hubUrls[0] ?? '', credentials);
  await device.connect({ hello: false });
  device.send({ type: 'hello', capabilities: ['screenshot'] });
  await device.until('welcome', () => device.of('welcome').length === 1);
  const path = `/devices/${device.deviceId}/commands`;
  let commandId = 0;
  // What a device can do is written with its presence, in a batch.
  await eventually(async () => {
    const answer = await admin.call<{ commandId: number }>('POST', path, { body: { name: 'screenshot' } });
    if (answer.status === 201) commandId = answer.data.commandId;
    return answer.status === 201;
  });
  const token = await device.token();
  const { token: operator } = await parts.tokens.issueUser({ sub: 1, role: 'admin', tenant: 1, ver: 0 });
  return {
    send: () =>
      fetch(`${hubUrls[0]}/api/v1/sync/commands/${commandId}/file`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'image/png' },
        body: PNG,
      }),
    async fetch() {
      const response = await fetch(`${apiUrl}/api/v1${path}/${commandId}/file`, {
        headers: { authorization: `Bearer ${operator}` },
      });
      const bytes = Buffer.from(await response.arrayBuffer());
      const contentType = response.headers.get('content-type');
      const code = response.ok ? undefined : (JSON.parse(bytes.toString()) as { error: { code: string } }).error.code;
      return { status: response.status, code, bytes, contentType };
    },
  };
}

describe('a screenshot kept on disk', () => {
  const start = systemStarter('embedded');

  test('comes back to the operator as the device sent it', async () => {
    const screenshot = await askForScreenshot(await start());
    expect((await screenshot.send()).status).toBe(200);
    expect(await screenshot.fetch()).toMatchObject({ status: 200, bytes: PNG, contentType: 'image/png' });
  });
});

describe('a screenshot kept in S3', () => {
  const start = systemStarter('embedded');
  let server: S3Server;
  let isStopped = false;
  beforeAll(async () => {
    useS3Credentials();
    server = await startS3();
  });
  afterAll(async () => {
    if (!isStopped) await server.stop();
    vi.unstubAllEnvs();
  });

  test('comes back as it was sent; with S3 away device and operator are told to come again', async () => {
    const env = { S3_BUCKET: server.bucket, S3_ENDPOINT: server.endpoint, LOG_LEVEL: 'silent' };
    const system = await start({ env });
    const screenshot = await askForScreenshot(system);
    expect((await screenshot.send()).status).toBe(200);
    expect(await screenshot.fetch()).toMatchObject({ status: 200, bytes: PNG, contentType: 'image/png' });

    await server.stop();
    isStopped = true;
    const refused = await screenshot.send();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await refused.json()).toMatchObject({ success: false, error: { code: 'UNAVAILABLE' } });
    expect(await screenshot.fetch()).toMatchObject({ status: 503, code: 'UNAVAILABLE' });
    expect((await system.admin.call('GET', '/devices')).status).toBe(200);
  });
});
