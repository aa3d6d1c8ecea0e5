/** What screens show, asked of a whole fleet. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../support/api-client.ts';
import type { TestDevice } from '../support/test-device.ts';

/** [INV-1]: after a fault has healed every screen is right within this, in milliseconds. */
export const CONVERGED_WITHIN_MS = 5_000;
/** Hint independence: without the bus an alert is on every connected screen within this, counted from the 201, in milliseconds. */
export const ALERT_WITHIN_MS = 2_000;

const LIST_MAX = 200;

export interface Raised {
  readonly deploymentId: number;
  /** From the 201 to the last screen, in milliseconds. */
  readonly elapsedMs: number;
  readonly answeredInMs: number;
}

/** Raises an alert on a group and waits until every device shows it. Throws when one does not within `withinMs`. */
export async function raise(
  admin: ApiClient,
  groupId: number,
  devices: readonly TestDevice[],
  withinMs: number = ALERT_WITHIN_MS,
): Promise<Raised> {
  const askedAt = performance.now();
  const { deploymentId } = await admin.must('POST', '/alerts/deploy', {
    alert: { severity: 'critical', title: 'Fire', message: 'Leave by the stairs' },
    groupIds: [groupId],
  });
  const answeredAt = performance.now();
  await Promise.all(
    devices.map((device) =>
      device.until(`alert ${deploymentId}`, () => device.showing.includes(deploymentId), withinMs),
    ),
  );
  return { deploymentId, elapsedMs: performance.now() - answeredAt, answeredInMs: answeredAt - askedAt };
}

/** Stops an alert and waits until no device shows it. Throws when one still does after `withinMs`. */
export async function stopAlert(
  admin: ApiClient,
  deploymentId: number,
  devices: readonly TestDevice[],
  withinMs: number = ALERT_WITHIN_MS,
): Promise<void> {
  await admin.must('POST', '/alerts/stop', { deploymentId });
  await Promise.all(
    devices.map((device) =>
      device.until(`the end of alert ${deploymentId}`, () => !device.showing.includes(deploymentId), withinMs),
    ),
  );
}

/** Ids of the deployments that are active, as the API has them. */
async function activeDeployments(admin: ApiClient): Promise<number[]> {
  const rows: { deploymentId: number }[] = await admin.must(
    'GET',
    `/alerts/deployments?status=active&limit=${LIST_MAX}`,
  );
  if (rows.length === LIST_MAX) throw new Error('more active deployments than one page shows');
  return rows.map(({ deploymentId }) => deploymentId).sort((one, other) => one - other);
}

/** What a device shows, comparable with `activeDeployments`. */
export function shownBy(device: TestDevice): number[] {
  return [...device.showing].sort((one, other) => one - other);
}

/**
 * Waits until every device shows exactly what the API says is active; returns that. Asks the API anew each time, because what
 * was left open by a fault may still be settled. Throws with the first difference after `withinMs`.
 */
export async function converged(
  admin: ApiClient,
  devices: readonly TestDevice[],
  withinMs: number = CONVERGED_WITHIN_MS,
): Promise<number[]> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const truth = await activeDeployments(admin);
    const wrong = devices.find((device) => String(shownBy(device)) !== String(truth));
    if (wrong === undefined) return truth;
    if (performance.now() > deadline) {
      throw new Error(`device ${wrong.deviceId} shows ${String(shownBy(wrong))} and should show ${String(truth)}`);
    }
    await sleep(50);
  }
}

/** The middle one of some numbers. */
export function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}
