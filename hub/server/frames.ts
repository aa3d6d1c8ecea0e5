/** From the domain's terms to the wire's, and frames that are encoded at most once per codec however many get them. */
import type { ActiveAlert, DeviceConfig, DeviceState, PendingCommand } from '../core/model.ts';
import { encodeFrame } from '../../protocol/codec.ts';
import type { Alert, Command, Config, DesiredState } from '../../protocol/desired-state.ts';
import type { DownFrame } from '../../protocol/down.ts';

export type Codec = 'json' | 'msgpack';

/** ISO 8601 UTC with milliseconds. */
export function isoTime(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** Instants beyond what ISO 8601 with four-digit years can say are clamped by nobody else: the API refuses them. */
export function wireAlert(alert: ActiveAlert): Alert {
  return {
    deploymentId: alert.deploymentId,
    alertId: alert.alertId,
    rev: alert.rev,
    severity: alert.severity,
    title: alert.title,
    message: alert.message,
    ...(alert.content === null ? {} : { content: alert.content }),
    startedAt: isoTime(alert.startedAt),
    expiresAt: isoTime(alert.expiresAt),
    drill: alert.drill,
  };
}

export function wireCommand(command: PendingCommand): Command {
  return {
    commandId: command.commandId,
    name: command.name as Command['name'],
    args: { ...command.args },
    issuedAt: isoTime(command.issuedAt),
    expiresAt: isoTime(command.expiresAt),
  };
}

export function wireConfig(config: DeviceConfig): Config {
  return { ...config };
}

export function wireState(state: DeviceState): DesiredState {
  return {
    epoch: state.epoch,
    rev: state.rev,
    alerts: state.alerts.map(wireAlert),
    schedule: state.scheduleVersion === null ? null : { version: state.scheduleVersion },
    config: wireConfig(state.config),
    commands: state.commands.map(wireCommand),
  };
}

/** A frame and its bytes, encoded on first use of each codec. */
export class EncodedFrame {
  readonly frame: DownFrame;
  #json: string | null = null;
  #msgpack: Uint8Array | null = null;

  constructor(frame: DownFrame) {
    this.frame = frame;
  }

  bytes(codec: Codec): string | Uint8Array {
    if (codec === 'json') return (this.#json ??= encodeFrame(this.frame, 'json'));
    return (this.#msgpack ??= encodeFrame(this.frame, 'msgpack'));
  }
}
