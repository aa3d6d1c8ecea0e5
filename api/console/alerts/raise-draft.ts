/** An alert that is about to be raised: what it begins with, what it still lacks, and the request that raises it. Pure. */
import type { Static } from 'typebox';
import type { AlertJson } from '../../alerts/alert-json.ts';
import type { DeployRequest } from '../../alerts/deploy-alert.ts';
import type { GroupForest } from '../pickers/groups.ts';
import type { RaisePreset } from '../shell/raise-alert-context.tsx';
import type { Severity } from '../ui/severity-badge.tsx';

export type DeployBody = Static<typeof DeployRequest>;

export interface Targets {
  readonly groupIds: readonly number[];
  readonly deviceIds: readonly number[];
}

export interface RaiseDraft {
  /** The prepared alert that it began with; null when it was written on the spot. */
  readonly alertId: number | null;
  readonly severity: Severity;
  readonly title: string;
  readonly message: string;
  readonly contentId: number | null;
  /** null: where the user raised one last. */
  readonly targets: Targets | null;
  /** Seconds; null while nothing sensible is written. */
  readonly expiresInSeconds: number | null;
  readonly drill: boolean;
}

export const NO_TARGETS: Targets = { groupIds: [], deviceIds: [] };
export const EXPIRES_SECONDS_DEFAULT = 3_600;

/** What is chosen with one click, in seconds. */
export const EXPIRY_CHOICES = [900, 3_600, 14_400, 86_400] as const;

function targetsOf(from: Partial<Targets>): Targets | null {
  const { groupIds = [], deviceIds = [] } = from;
  return groupIds.length + deviceIds.length === 0 ? null : { groupIds, deviceIds };
}

/** A draft of what somebody asked for, e.g. to repeat an alert. */
export function draftOfPreset(preset: RaisePreset): RaiseDraft {
  return {
    alertId: preset.alertId ?? null,
    severity: preset.severity ?? 'critical',
    title: preset.title ?? '',
    message: preset.message ?? '',
    contentId: preset.contentId ?? null,
    targets: targetsOf(preset),
    expiresInSeconds: preset.expiresInSeconds ?? EXPIRES_SECONDS_DEFAULT,
    drill: preset.drill ?? false,
  };
}

/** A draft of a prepared alert; what was asked for besides comes before what the alert proposes. */
export function draftOfPrepared(alert: AlertJson, preset: RaisePreset): RaiseDraft {
  return {
    alertId: alert.id,
    severity: alert.severity,
    title: alert.title,
    message: alert.message,
    contentId: alert.contentId,
    targets: targetsOf(preset) ?? targetsOf(alert),
    expiresInSeconds: preset.expiresInSeconds ?? alert.expiresInSeconds ?? EXPIRES_SECONDS_DEFAULT,
    drill: preset.drill ?? alert.drill,
  };
}

export type Missing = 'text' | 'targets' | 'minutes' | 'screens';

/** What keeps it from being raised. `total` is how many screens the targets are; null while that is not known, which keeps nobody. */
export function whatIsMissing(draft: RaiseDraft, targets: Targets, total: number | null): Missing | null {
  if (draft.title.trim() === '') return 'text';
  if (targets.groupIds.length + targets.deviceIds.length === 0) return 'targets';
  if (draft.expiresInSeconds === null) return 'minutes';
  return total === 0 ? 'screens' : null;
}

/** The request. A prepared alert is named as such as long as its text is what is raised, so that the history shows it. */
export function requestOf(draft: RaiseDraft, targets: Targets, prepared: readonly AlertJson[]): DeployBody {
  const { alertId, severity, title, message, contentId } = draft;
  const same = prepared.find(({ id }) => id === alertId);
  const isSame =
    same?.severity === severity && same.title === title && same.message === message && same.contentId === contentId;
  return {
    ...(isSame && alertId !== null
      ? { alertId }
      : { alert: { severity, title: title.trim(), message, ...(contentId === null ? {} : { contentId }) } }),
    groupIds: [...targets.groupIds],
    deviceIds: [...targets.deviceIds],
    expiresInSeconds: draft.expiresInSeconds ?? EXPIRES_SECONDS_DEFAULT,
    drill: draft.drill,
  };
}

const GRAVER: Readonly<Record<Severity, Severity>> = { info: 'warning', warning: 'critical', critical: 'critical' };

export function graver(severity: Severity): Severity {
  return GRAVER[severity];
}

/** The groups above these, as far as the user sees any; a group at the top stands for itself. Each once, none below another. */
export function groupsAbove(forest: GroupForest, groupIds: readonly number[]): number[] {
  const parents = groupIds.map((id) => {
    const parentId = forest.byId.get(id)?.parentId ?? null;
    return parentId !== null && forest.byId.has(parentId) ? parentId : id;
  });
  const chosen = new Set(parents);
  return [...chosen].filter((id) => {
    for (let above = forest.byId.get(id)?.parentId ?? null; above !== null;) {
      if (chosen.has(above)) return false;
      above = forest.byId.get(above)?.parentId ?? null;
    }
    return true;
  });
}
