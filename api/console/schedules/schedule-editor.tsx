/** The editor of a schedule: its parts as tabs, and above and below them what is true of all of it. */
import { Alert, Group, Tabs, TextInput } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { CalendarRange, History, LayoutGrid, ListOrdered, Redo2, Rocket, Undo2, type LucideIcon } from 'lucide-react';
import { useState } from 'react';
import type { ScheduleJson } from '../../schedules/schedule-json.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { FailureNotice } from '../ui/failure-notice.tsx';
import { Page } from '../ui/page.tsx';
import { useUrlState } from '../ui/url-state.ts';
import { ContentMapProvider } from './content-map.tsx';
import { DeployTab } from './deploy-tab.tsx';
import { HistoryTab } from './history-tab.tsx';
import { IconButton } from './icon-button.tsx';
import { LayoutTab } from './layout-tab.tsx';
import { PriorityTab } from './priority-tab.tsx';
import { SaveBar } from './save-bar.tsx';
import { ScheduleState } from './schedule-state.tsx';
import { TheirsNotice } from './theirs-notice.tsx';
import { TimingTab } from './timing-tab.tsx';
import { useDraft, type EditedDraft } from './use-draft.ts';
import { useEditable } from './use-editable.ts';
import { useLeaveGuard } from './use-leave-guard.ts';
import { useSave } from './use-save.ts';

const VIEW = { tab: 'layout' };

const TABS = ['layout', 'timing', 'priority', 'deploy', 'history'] as const;
type TabName = (typeof TABS)[number];
const ICONS: Readonly<Record<TabName, LucideIcon>> = {
  layout: LayoutGrid,
  timing: CalendarRange,
  priority: ListOrdered,
  deploy: Rocket,
  history: History,
};

export interface ScheduleEditorProps {
  /** The newest that is saved; null: a new one. */
  readonly schedule: ScheduleJson | null;
  /** Whose a new one will be. */
  readonly groupId: number | null;
}

export function ScheduleEditor({ schedule, groupId }: ScheduleEditorProps) {
  const texts = useTexts().schedules;
  const edited = useDraft(schedule, groupId);
  const save = useSave(schedule, edited);
  const isEditable = useEditable()(schedule ?? { groupId });
  const mayEdit = schedule === null || isEditable;
  useLeaveGuard(edited.isDirty);
  useHotkeys(
    mayEdit
      ? [
          ['mod+Z', () => edited.undo?.()],
          ['mod+shift+Z', () => edited.redo?.()],
          ['mod+Y', () => edited.redo?.()],
        ]
      : [],
  );
  const [view, setView] = useUrlState(VIEW);
  const tab = TABS.find((name) => name === view.tab) ?? 'layout';
  return (
    <Page
      title={schedule === null ? texts.editor.newTitle : schedule.name}
      description={schedule !== null && <ScheduleState schedule={schedule} />}
      actions={mayEdit && <Steps edited={edited} />}
    >
      <ContentMapProvider
        scheduleId={schedule?.id ?? null}
        version={schedule?.version ?? 0}
        layout={edited.draft.layout}
      >
        <Notices schedule={schedule} edited={edited} mayEdit={mayEdit} />
        {save.failure !== null && <FailureNotice cause={save.failure} />}
        {mayEdit && <NameField edited={edited} isMissing={save.isNameMissing} />}
        <Tabs value={tab} onChange={(next) => setView({ tab: next ?? 'layout' })} keepMounted={false}>
          <Tabs.List aria-label={texts.editor.tabsLabel} mb="md">
            {TABS.map((name) => {
              const Icon = ICONS[name];
              return (
                <Tabs.Tab key={name} value={name} leftSection={<Icon size={16} aria-hidden />}>
                  {texts.editor.tabs[name]}
                </Tabs.Tab>
              );
            })}
          </Tabs.List>
          <Tabs.Panel value={tab}>
            <Panel tab={tab} schedule={schedule} edited={edited} mayEdit={mayEdit} />
          </Tabs.Panel>
        </Tabs>
        {mayEdit && (edited.isDirty || schedule === null) && (
          <SaveBar edited={edited} isNew={schedule === null} save={save} />
        )}
      </ContentMapProvider>
    </Page>
  );
}

interface PanelProps {
  readonly tab: TabName;
  readonly schedule: ScheduleJson | null;
  readonly edited: EditedDraft;
  readonly mayEdit: boolean;
}

function Panel({ tab, schedule, edited, mayEdit }: PanelProps) {
  const { draft, change } = edited;
  switch (tab) {
    case 'layout':
      return (
        <LayoutTab
          layout={draft.layout}
          timing={draft.timing}
          onChange={mayEdit ? (layout, name) => change({ layout }, name) : null}
        />
      );
    case 'timing':
      return <TimingTab timing={draft.timing} onChange={mayEdit ? (timing, name) => change({ timing }, name) : null} />;
    case 'priority':
      return <PriorityTab draft={draft} onChange={mayEdit ? change : null} />;
    case 'deploy':
      return <DeployTab schedule={schedule} isDirty={edited.isDirty} />;
    case 'history':
      return <HistoryTab schedule={schedule} />;
  }
}

function Steps({ edited }: { readonly edited: EditedDraft }) {
  const texts = useTexts().schedules.editor;
  return (
    <>
      <IconButton
        label={texts.undo}
        icon={Undo2}
        keys="Control+Z"
        size="lg"
        disabled={edited.undo === null}
        onClick={() => edited.undo?.()}
      />
      <IconButton
        label={texts.redo}
        icon={Redo2}
        keys="Control+Shift+Z"
        size="lg"
        disabled={edited.redo === null}
        onClick={() => edited.redo?.()}
      />
    </>
  );
}

interface NoticesProps {
  readonly schedule: ScheduleJson | null;
  readonly edited: EditedDraft;
  readonly mayEdit: boolean;
}

function Notices({ schedule, edited, mayEdit }: NoticesProps) {
  const texts = useTexts().schedules.editor;
  const [isRead, setRead] = useState(false);
  return (
    <>
      {!mayEdit && <Alert color="gray">{texts.readOnly}</Alert>}
      {schedule?.status === 'archived' && <Alert color="gray">{texts.archivedNotice}</Alert>}
      {edited.isRestored && !isRead && (
        <Alert color="blue" withCloseButton onClose={() => setRead(true)} role="status">
          {texts.restored}
        </Alert>
      )}
      {edited.theirs !== null && <TheirsNotice edited={edited} theirs={edited.theirs} />}
    </>
  );
}

function NameField({ edited, isMissing }: { readonly edited: EditedDraft; readonly isMissing: boolean }) {
  const texts = useTexts().schedules.editor;
  return (
    <Group>
      <TextInput
        label={texts.name}
        placeholder={texts.namePlaceholder}
        value={edited.draft.name}
        onChange={(event) => edited.change({ name: event.currentTarget.value }, 'name')}
        error={isMissing ? texts.nameMissing : null}
        maxLength={120}
        required
        w="100%"
        maw={480}
      />
    </Group>
  );
}
