/**
 * One act on many screens: what it is, then what it would touch (a preview that the API makes), then doing it. What is confirmed is
 * what was looked at: when other screens match meanwhile, nothing is done and the new numbers are shown.
 */
import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import type { BulkAction } from '../../devices/bulk-actions.ts';
import type { BulkResult } from '../../devices/bulk-devices.ts';
import { ApiFailure } from '../session/api-failure.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { useAction } from '../ui/use-action.ts';
import { BulkPreview } from './bulk-preview.tsx';
import { selectOf, type BulkKind } from './bulk-request.ts';
import { CommandFields } from './command-fields.tsx';
import type { DeviceSelection } from './device-selection.ts';
import { MoveFields } from './move-fields.tsx';
import { SettingsFields } from './settings-fields.tsx';
import { useActKey } from './use-act-key.ts';

/** What is filled in rests so long before its preview is asked for, in milliseconds. */
const PREVIEW_PAUSE_MS = 300;

export interface BulkDialogProps {
  readonly kind: BulkKind;
  readonly selection: DeviceSelection;
  readonly count: number;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function BulkDialog({ kind, selection, count, onClose, onDone }: BulkDialogProps) {
  const { devices, common } = useTexts();
  const texts = devices.bulk;
  const session = useSession();
  const [action, setAction] = useState<BulkAction | null>(kind === 'revoke' || kind === 'remove' ? { kind } : null);
  const [isOutdated, setOutdated] = useState(false);
  const { looked, preview } = usePreview(selection, action);
  const body = { select: selectOf(selection, preview.data?.matched), action };
  const idempotencyKey = useActKey(JSON.stringify(body));
  const perform = useAction(() => session.call<BulkResult>('POST', '/devices/bulk', { body, idempotencyKey }), {
    changes: ['device', 'group'],
    done: ({ affected }) => texts.done[kind](affected),
    onDone,
    onFailure: (cause) => {
      if (!(cause instanceof ApiFailure && cause.details.some(({ field }) => field === 'select.expect'))) return false;
      setOutdated(true);
      void preview.refetch();
      return true;
    },
  });
  const affected = preview.data?.affected ?? 0;
  const isReady = action !== null && looked === action && preview.isSuccess && !preview.isFetching && affected > 0;
  const danger = kind === 'revoke' || kind === 'remove';
  return (
    <Dialog title={texts.titles[kind](count)} onClose={onClose} size="lg" closeOnClickOutside={false}>
      <Stack>
        <Text size="sm" c="dimmed">
          {texts.explain[kind]}
        </Text>
        {kind === 'move' && <MoveFields onChange={setAction} />}
        {kind === 'command' && <CommandFields onChange={setAction} />}
        {kind === 'configure' && <SettingsFields onChange={setAction} />}
        {isOutdated && (
          <Alert color="orange" icon={<TriangleAlert aria-hidden />} role="alert">
            {texts.numbersChanged}
          </Alert>
        )}
        {action === null || looked === null ? (
          <Text size="sm" c="dimmed">
            {texts.previewWaits}
          </Text>
        ) : (
          <BulkPreview preview={preview} />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {common.cancel}
          </Button>
          <Button
            {...(danger ? { color: 'red' } : {})}
            disabled={!isReady}
            loading={perform.isPending}
            onClick={() => perform.mutate()}
          >
            {isReady ? texts.confirm[kind](affected) : texts.actions[kind]}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

/** What the act would touch. A number is typed digit by digit, and is looked at when it is there. */
function usePreview(selection: DeviceSelection, action: BulkAction | null) {
  const session = useSession();
  const [looked] = useDebouncedValue(action, PREVIEW_PAUSE_MS);
  const preview = useQuery({
    queryKey: ['device', 'bulk-preview', selectOf(selection), looked],
    queryFn: ({ signal }) =>
      session.call<BulkResult>('POST', '/devices/bulk', {
        body: { select: selectOf(selection), action: looked, dryRun: true },
        signal,
      }),
    enabled: looked !== null,
    staleTime: 0,
  });
  return { looked, preview };
}
