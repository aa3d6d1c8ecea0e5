/** The settings of a group, and what it would get from above without them. */
import { Button, Group, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import type { GroupJson } from '../../groups/group-json.ts';
import { ConfigFields } from '../device-config/config-fields.tsx';
import { ConflictNotice } from '../device-config/conflict-notice.tsx';
import { SETTING_KEYS, inheritedSetting } from '../device-config/inherited-settings.ts';
import { useSettingWords } from '../device-config/setting-words.ts';
import { useMay } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Facts } from '../ui/facts.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { useGroupStanding } from './group-standing.ts';
import { useSaveGroup } from './save-group.ts';

export function GroupSettings({ group }: { readonly group: GroupJson }) {
  const texts = useTexts().groups;
  const { manage } = useMay();
  // While somebody types, what comes in from elsewhere must not take it away.
  const [held, setHeld] = useState<GroupJson | null>(null);
  const shown = held ?? group;
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {texts.settingsHint}
      </Text>
      {manage ? (
        <SettingsForm
          key={`${shown.id} ${shown.version}`}
          begun={shown}
          onTyping={() => setHeld(shown)}
          onEnd={() => setHeld(null)}
        />
      ) : (
        <SettingsFacts group={group} />
      )}
    </Stack>
  );
}

interface SettingsFormProps {
  /** The group as it was when the first change was made. */
  readonly begun: GroupJson;
  readonly onTyping: () => void;
  readonly onEnd: () => void;
}

function SettingsForm({ begun, onTyping, onEnd }: SettingsFormProps) {
  const { groups: texts, common } = useTexts();
  const form = useForm({ initialValues: { config: begun.config }, onValuesChange: onTyping });
  const standing = useGroupStanding(begun.id);
  const { save, conflict } = useSaveGroup(begun, { onSaved: onEnd, onErrors: form.setErrors });
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
      <Stack>
        {conflict && <ConflictNotice onTheirs={onEnd} />}
        <ConfigFields
          value={form.values.config}
          onChange={(config) => form.setFieldValue('config', config)}
          above={standing.data?.settings.slice(1) ?? null}
          errors={form.errors}
        />
        <Group justify="flex-end">
          {form.isDirty() && (
            <Button
              variant="default"
              onClick={() => {
                form.reset();
                onEnd();
              }}
            >
              {texts.discard}
            </Button>
          )}
          <Button type="submit" loading={save.isPending} disabled={!form.isDirty()}>
            {common.save}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** The same for those who may only look. */
function SettingsFacts({ group }: { readonly group: GroupJson }) {
  const { devicePage, groups: texts } = useTexts();
  const words = useSettingWords();
  const standing = useGroupStanding(group.id);
  return (
    <Loaded query={standing} lines={4}>
      {({ settings }) => {
        const items = SETTING_KEYS.flatMap((key) => {
          const found = inheritedSetting(settings, key);
          if (found === null) return [];
          const value = `${words.value(key, found.value)} (${words.source(found.from)})`;
          return [{ label: devicePage.config.names[key], value }];
        });
        return items.length === 0 ? <Text size="sm">{texts.noSettings}</Text> : <Facts items={items} />;
      }}
    </Loaded>
  );
}
