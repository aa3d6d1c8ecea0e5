/** The all-clear: one click and one confirmation that says how many screens it is. */
import { Button, type ButtonProps } from '@mantine/core';
import { CircleStop } from 'lucide-react';
import { useState } from 'react';
import type { DeploymentJson } from '../../alerts/deployment-json.ts';
import { newKey } from '../session/new-key.ts';
import { useMay, useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { useConfirm } from '../ui/confirm-context.tsx';
import { useAction } from '../ui/use-action.ts';

export interface StopButtonProps {
  readonly deploymentId: number;
  readonly title: string;
  /** Screens aimed at. */
  readonly targeted: number;
  readonly size?: ButtonProps['size'];
  readonly fullWidth?: boolean;
}

export function StopButton({ deploymentId, title, targeted, size = 'sm', fullWidth = false }: StopButtonProps) {
  const { alerts: texts } = useTexts();
  const session = useSession();
  const confirm = useConfirm();
  const { manage } = useMay();
  // Stopping twice changes nothing, so one key for all tries of this button is right.
  const [idempotencyKey] = useState(newKey);
  const stop = useAction(
    () => session.call<DeploymentJson>('POST', '/alerts/stop', { body: { deploymentId }, idempotencyKey }),
    { changes: ['alertDeployment'], done: texts.stopped(title) },
  );
  if (!manage) return null;
  return (
    <Button
      color="red"
      variant="light"
      size={size}
      fullWidth={fullWidth}
      leftSection={<CircleStop size={18} aria-hidden />}
      loading={stop.isPending}
      onClick={() =>
        confirm({
          title: texts.stopTitle(title),
          message: texts.stopMessage(targeted),
          confirm: texts.stopOn(targeted),
          onConfirm: () => stop.mutate(),
        })
      }
    >
      {texts.stop}
    </Button>
  );
}
