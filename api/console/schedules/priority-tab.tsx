/** Who is shown when several schedules are on, and whose this one is. */
import { List, NumberInput, Paper, Stack, Text, Title } from '@mantine/core';
import { GroupSelect } from '../pickers/group-select.tsx';
import { groupPath, useGroups } from '../pickers/groups.ts';
import { useMay } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Facts } from '../ui/facts.tsx';
import type { ScheduleDraft } from './schedule-draft.ts';
import type { EditedDraft } from './use-draft.ts';

/** As the API has it. */
const PRIORITY_MAX = 1_000;

export interface PriorityTabProps {
  readonly draft: ScheduleDraft;
  /** null: it is only looked at. */
  readonly onChange: EditedDraft['change'] | null;
}

export function PriorityTab({ draft, onChange }: PriorityTabProps) {
  const { scheduleDeploy, common } = useTexts();
  const texts = scheduleDeploy.priority;
  const { administer } = useMay();
  const forest = useGroups().data;
  const owner = draft.groupId === null || forest === undefined ? common.wholeTenant : groupPath(forest, draft.groupId);
  return (
    <Stack maw={720}>
      <Paper withBorder p="md">
        <Title order={2} size="h4" mb="xs">
          {texts.title}
        </Title>
        <List type="ordered" size="sm" spacing={4}>
          {texts.rules.map((rule) => (
            <List.Item key={rule}>{rule}</List.Item>
          ))}
        </List>
        <Text size="sm" mt="xs">
          {texts.alerts}
        </Text>
      </Paper>
      {onChange === null ? (
        <Facts
          items={[
            { label: texts.value, value: draft.priority },
            { label: texts.owner, value: owner },
          ]}
        />
      ) : (
        <>
          <NumberInput
            label={texts.value}
            description={texts.valueHint}
            value={draft.priority}
            onChange={(value) => {
              if (typeof value === 'number') onChange({ priority: value }, 'priority');
            }}
            min={-PRIORITY_MAX}
            max={PRIORITY_MAX}
            clampBehavior="strict"
            allowDecimal={false}
            maw={240}
          />
          <GroupSelect
            label={texts.owner}
            description={texts.ownerHint}
            placeholder={common.wholeTenant}
            value={draft.groupId}
            onChange={(groupId) => onChange({ groupId }, null)}
            clearable={administer}
          />
        </>
      )}
    </Stack>
  );
}
