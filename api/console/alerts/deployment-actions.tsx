/** What can be done about an alert: stop it, raise it once more, raise a graver one, take its report along. */
import { Button, Menu } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { ChevronDown, Download, Repeat, TrendingUp } from 'lucide-react';
import type { Static } from 'typebox';
import type { ReceiptJson } from '../../alerts/deployment-receipts.ts';
import type { DeploymentDetailJson } from '../../alerts/read-deployments.ts';
import { useGroups } from '../pickers/groups.ts';
import { useMay, useSession } from '../session/session-context.tsx';
import type { Session } from '../session/session.ts';
import { useRaiseAlert, type RaisePreset } from '../shell/raise-alert-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { LIST_LIMIT_MAX, readAll } from '../ui/list-query.ts';
import { saveFile } from '../ui/save-file.ts';
import { useAction } from '../ui/use-action.ts';
import type { Ladder, LadderStatus } from './ladder-steps.ts';
import { graver, groupsAbove } from './raise-draft.ts';
import { receiptsPath } from './read-with-ladder.ts';
import { StopButton } from './stop-button.tsx';

export type DeploymentDetail = Static<typeof DeploymentDetailJson>;

/** Most screens that are named one by one; the API takes no more. */
const DEVICES_MAX = 5_000;

export interface DeploymentActionsProps {
  readonly deployment: DeploymentDetail;
  readonly ladder: Ladder;
  readonly status: LadderStatus;
}

export function DeploymentActions({ deployment, ladder, status }: DeploymentActionsProps) {
  const { manage } = useMay();
  const { deploymentId, title } = deployment;
  return (
    <>
      {manage && status === 'active' && (
        <StopButton deploymentId={deploymentId} title={title} targeted={ladder.targeted} />
      )}
      {manage && <RepeatMenu deployment={deployment} unconfirmed={ladder.unconfirmed} />}
      {manage && <EscalateButton deployment={deployment} />}
      <ExportMenu deploymentId={deploymentId} />
    </>
  );
}

/** The text of an alert that was raised, to be raised again, on the same screens. */
function presetOf({ alertId, severity, title, message, contentId, drill, targets }: DeploymentDetail): RaisePreset {
  const { groupIds, deviceIds } = targets;
  return { alertId, severity, title, message, contentId, drill, groupIds, deviceIds };
}

async function unconfirmedDevices(session: Session, deploymentId: number): Promise<number[]> {
  const query = { stage: 'unconfirmed' };
  const receipts = await readAll<ReceiptJson>(session, receiptsPath(deploymentId), query, undefined, DEVICES_MAX);
  return receipts.filter(({ why }) => why !== 'gone').map(({ deviceId }) => deviceId);
}

function RepeatMenu({
  deployment,
  unconfirmed,
}: {
  readonly deployment: DeploymentDetail;
  readonly unconfirmed: number;
}) {
  const texts = useTexts().alerts;
  const session = useSession();
  const raise = useRaiseAlert();
  const onUnconfirmed = useAction(() => unconfirmedDevices(session, deployment.deploymentId), {
    onDone: (deviceIds) => raise({ ...presetOf(deployment), groupIds: [], deviceIds }),
  });
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button
          variant="default"
          leftSection={<Repeat size={16} aria-hidden />}
          rightSection={<ChevronDown size={14} aria-hidden />}
          loading={onUnconfirmed.isPending}
        >
          {texts.repeat}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => raise(presetOf(deployment))}>{texts.repeatAll}</Menu.Item>
        <Menu.Item disabled={unconfirmed === 0} onClick={() => onUnconfirmed.mutate()}>
          {texts.repeatUnconfirmed(unconfirmed)}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function EscalateButton({ deployment }: { readonly deployment: DeploymentDetail }) {
  const texts = useTexts().alerts;
  const session = useSession();
  const raise = useRaiseAlert();
  const groups = useGroups();
  const queries = useQueryClient();
  const { deploymentId, targets, severity } = deployment;
  /** Groups to go up from; of an alert on single screens, those that they are in. */
  const groupsOf = async (): Promise<number[]> => {
    if (targets.groupIds.length > 0) return targets.groupIds;
    const { items } = await queries.fetchQuery({
      queryKey: ['alertDeployment', 'groups-of', deploymentId],
      queryFn: () => session.list<ReceiptJson>(receiptsPath(deploymentId), { limit: LIST_LIMIT_MAX }),
    });
    return [...new Set(items.map(({ groupId }) => groupId).filter((id) => id !== null))];
  };
  const escalate = useAction(groupsOf, {
    onDone: (groupIds) => {
      const forest = groups.data;
      const wider = forest === undefined || targets.groupIds.length === 0 ? groupIds : groupsAbove(forest, groupIds);
      raise({
        ...presetOf(deployment),
        alertId: null,
        severity: graver(severity),
        groupIds: wider,
        drill: deployment.drill,
      });
    },
  });
  return (
    <Button
      variant="default"
      leftSection={<TrendingUp size={16} aria-hidden />}
      title={texts.escalateHint}
      loading={escalate.isPending}
      onClick={() => escalate.mutate()}
    >
      {texts.escalate}
    </Button>
  );
}

function ExportMenu({ deploymentId }: { readonly deploymentId: number }) {
  const texts = useTexts().alerts;
  const session = useSession();
  const save = useAction(async (format: keyof typeof texts.formats) => {
    const { blob, name } = await session.file(`/reports/alerts/${deploymentId}`, { format });
    saveFile(blob, name ?? `alert-${deploymentId}.${format}`);
  });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          variant="default"
          leftSection={<Download size={16} aria-hidden />}
          rightSection={<ChevronDown size={14} aria-hidden />}
          loading={save.isPending}
        >
          {texts.export}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {(['csv', 'xlsx', 'pdf'] as const).map((format) => (
          <Menu.Item key={format} onClick={() => save.mutate(format)}>
            {texts.exportAs(texts.formats[format])}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
