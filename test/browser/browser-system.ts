/** A Podoh that browsers may come to, a Chromium, and what an operator does in these tests. */
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import type { ApiClient } from '../support/api-client.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import type { StartSystem, System } from '../support/system.ts';
import { Gate } from './gate.ts';

/** Nothing but 127.0.0.1 is ever looked for. */
export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-sync',
  '--no-first-run',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
];

/** One Chromium for the suite it is called in; give every screen a context of its own. */
export function suiteBrowser(executablePath: string): () => Browser {
  let browser: Browser | null = null;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGS });
  });
  afterAll(async () => {
    await browser?.close();
  });
  return () => {
    if (browser === null) throw new Error('the browser starts before the first test');
    return browser;
  };
}

/** A system whose hub knows the origin of its player page, which needs the port to be known before. */
export async function startForBrowsers(
  start: StartSystem,
  env: Readonly<Record<string, string>> = {},
): Promise<System> {
  return start({ env: { API_PORT: String(await freePort()), ...env } });
}

/** Makes gates in front of hubs; they are taken away after the suite. Call it in a `describe`. */
export function gateMaker(): (hubUrl: string) => Promise<Gate> {
  const gates: Gate[] = [];
  afterAll(async () => {
    for (const gate of gates) await gate.stop();
  });
  return async (hubUrl) => {
    const gate = new Gate(hubUrl);
    await gate.start();
    gates.push(gate);
    return gate;
  };
}

export interface Deploy {
  readonly severity?: 'info' | 'warning' | 'critical';
  readonly title?: string;
  readonly message?: string;
  readonly groupIds?: readonly number[];
  readonly deviceIds?: readonly number[];
  readonly expiresInSeconds?: number;
  readonly drill?: boolean;
}

/** Raises an alert; returns its deployment. */
export async function raise(operator: ApiClient, deploy: Deploy): Promise<{ deploymentId: number; targets: unknown }> {
  const { severity = 'critical', title = 'Fire', message = 'Leave by the stairs', ...where } = deploy;
  return operator.must('POST', '/alerts/deploy', { alert: { severity, title, message }, ...where });
}

/** Takes an alert back. */
export async function stopAlert(operator: ApiClient, deploymentId: number): Promise<void> {
  await operator.must('POST', '/alerts/stop', { deploymentId });
}

export type LadderStage = 'received' | 'displayed' | 'cleared' | 'failed';

/** Waits until so many screens have reached the stage. */
export async function ladderReaches(
  operator: ApiClient,
  deploymentId: number,
  stage: LadderStage,
  count: number,
): Promise<void> {
  await eventually(async () => {
    const { ladder } = await operator.must('GET', `/alerts/deployments/${deploymentId}`);
    return ladder[stage] === count;
  });
}

/** Waits until the life of a deployment is over, by the clock that hub and API go by (ours: they are in this process). */
export async function untilExpired(operator: ApiClient, deploymentId: number): Promise<void> {
  const { expiresAt } = await operator.must('GET', `/alerts/deployments/${deploymentId}`);
  await eventually(() => Date.now() > Date.parse(expiresAt));
}

/** Gives a device a command; returns its id. */
export async function command(operator: ApiClient, deviceId: number, name: string): Promise<number> {
  const { commandId } = await operator.must<{ commandId: number }>('POST', `/devices/${deviceId}/commands`, { name });
  return commandId;
}

/** What has become of a command. */
export async function commandState(operator: ApiClient, deviceId: number, commandId: number): Promise<string> {
  const path = `/devices/${deviceId}/commands`;
  const commands = await operator.must<{ commandId: number; state: string }[]>('GET', path);
  return commands.find((one) => one.commandId === commandId)?.state ?? 'missing';
}

/** Waits until the device has done with a command; returns how it ended. */
export async function commandEnds(operator: ApiClient, deviceId: number, commandId: number): Promise<string> {
  let state = '';
  await eventually(async () => {
    state = await commandState(operator, deviceId, commandId);
    return state !== 'pending' && state !== 'acknowledged';
  });
  return state;
}
