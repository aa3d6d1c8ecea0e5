/** What can be done with a schedule in the list. */
import { ActionIcon, Menu } from '@mantine/core';
import { Archive, ArchiveRestore, Copy, EllipsisVertical, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { ScheduleJson, ScheduleListItem } from '../../schedules/schedule-json.ts';
import { ApiFailure } from '../session/api-failure.ts';
import { newKey } from '../session/new-key.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { useConfirm } from '../ui/confirm-context.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { FailureNotice } from '../ui/failure-notice.tsx';
import { useAction } from '../ui/use-action.ts';
import { useEditable } from './use-editable.ts';

/** Why something was refused: in words first, then what the API names. */
interface Refusal {
  readonly title: string;
  readonly cause: ApiFailure;
}

/** What changes a schedule, and why it was refused. */
function useRowActions(schedule: ScheduleListItem, isArchived: boolean) {
  const texts = useTexts().schedules;
  const session = useSession();
  const [, navigate] = useLocation();
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const path = `/schedules/${schedule.id}`;
  const refused = (title: string) => (cause: unknown) => {
    if (!(cause instanceof ApiFailure) || cause.code !== 'CONFLICT') return false;
    setRefusal({ title, cause });
    return true;
  };
  const copy = useAction(
    (idempotencyKey: string) => session.call<ScheduleJson>('POST', `${path}/copy`, { body: {}, idempotencyKey }),
    {
      changes: ['schedule'],
      done: (made) => texts.copied(made.name),
      onDone: (made) => navigate(`/schedules/${made.id}`),
    },
  );
  const archive = useAction(
    () => session.call('PUT', path, { body: { status: isArchived ? 'draft' : 'archived', version: schedule.version } }),
    {
      changes: ['schedule'],
      done: isArchived ? texts.unarchived(schedule.name) : texts.archived(schedule.name),
      onFailure: refused(texts.archiveRefused),
    },
  );
  const remove = useAction(() => session.call('DELETE', path), {
    changes: ['schedule'],
    done: texts.removed(schedule.name),
    onFailure: refused(texts.removeRefused),
  });
  return { copy, archive, remove, refusal, close: () => setRefusal(null) };
}

export function ScheduleRowMenu({ schedule }: { readonly schedule: ScheduleListItem }) {
  const { schedules: texts, common } = useTexts();
  const confirm = useConfirm();
  const isEditable = useEditable();
  const isArchived = schedule.status === 'archived';
  const { copy, archive, remove, refusal, close } = useRowActions(schedule, isArchived);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`${common.actions}: ${schedule.name}`}>
            <EllipsisVertical size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Copy size={16} aria-hidden />} onClick={() => copy.mutate(newKey())}>
            {texts.copy}
          </Menu.Item>
          {isEditable(schedule) && (
            <>
              <Menu.Item
                leftSection={isArchived ? <ArchiveRestore size={16} aria-hidden /> : <Archive size={16} aria-hidden />}
                onClick={() => archive.mutate()}
              >
                {isArchived ? texts.unarchive : texts.archive}
              </Menu.Item>
              <Menu.Item
                color="red"
                leftSection={<Trash2 size={16} aria-hidden />}
                onClick={() =>
                  confirm({
                    title: texts.removeTitle(schedule.name),
                    message: texts.removeMessage,
                    confirm: common.delete,
                    onConfirm: () => remove.mutate(),
                  })
                }
              >
                {common.delete}
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {refusal !== null && (
        <Dialog title={refusal.title} onClose={close}>
          <FailureNotice cause={refusal.cause} />
        </Dialog>
      )}
    </>
  );
}
