/** Name, group, place and settings of the screen, and its credential. */
import { Button, Group, NumberInput, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useForm, type UseFormReturnType } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { Unplug } from 'lucide-react';
import { useState } from 'react';
import type { DeviceJson } from '../../devices/device-json.ts';
import type { DeviceStateJson } from '../../devices/device-state.ts';
import type { Config } from '../../../protocol/desired-state.ts';
import { ConfigFields } from '../device-config/config-fields.tsx';
import { ConflictNotice } from '../device-config/conflict-notice.tsx';
import { GroupSelect } from '../pickers/group-select.tsx';
import { useMay, useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { useSaveScreen, type ScreenChange } from './save-screen.ts';
import { useRevoke } from './screen-actions.tsx';
import { screenKey } from './screen-data.ts';
import { Section } from './section.tsx';

interface ScreenValues {
  name: string;
  groupId: number | null;
  latitude: number | string;
  longitude: number | string;
  config: Config;
}

function valuesOf({ name, groupId, place, config }: DeviceJson): ScreenValues {
  return { name, groupId, latitude: place?.latitude ?? '', longitude: place?.longitude ?? '', config };
}

function changeOf({ name, groupId, latitude, longitude, config }: ScreenValues): ScreenChange {
  const place = typeof latitude === 'number' && typeof longitude === 'number' ? { latitude, longitude } : null;
  return { name, groupId, place, config };
}

export function SettingsTab({ device }: { readonly device: DeviceJson }) {
  // While somebody types, what comes in from elsewhere must not take it away.
  const [held, setHeld] = useState<DeviceJson | null>(null);
  const shown = held ?? device;
  return (
    <Stack maw={720}>
      <SettingsForm
        key={`${shown.id} ${shown.version}`}
        begun={shown}
        theirs={device}
        onTyping={() => setHeld(shown)}
        onEnd={() => setHeld(null)}
      />
      <Credential device={device} />
    </Stack>
  );
}

interface SettingsFormProps {
  /** The screen as it was when the first change was made. */
  readonly begun: DeviceJson;
  /** The screen as it is. */
  readonly theirs: DeviceJson;
  readonly onTyping: () => void;
  readonly onEnd: () => void;
}

function SettingsForm({ begun, theirs, onTyping, onEnd }: SettingsFormProps) {
  const { devicePage: texts, common } = useTexts();
  const form = useForm<ScreenValues>({
    initialValues: valuesOf(begun),
    onValuesChange: onTyping,
    validate: {
      latitude: (latitude, { longitude }) => (latitude === '' && longitude !== '' ? texts.settings.bothOrNone : null),
      longitude: (longitude, { latitude }) => (longitude === '' && latitude !== '' ? texts.settings.bothOrNone : null),
    },
  });
  const { save, conflict } = useSaveScreen(begun, { onSaved: onEnd, onErrors: form.setErrors });
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(changeOf(values)))}>
      <Stack>
        {conflict && <ConflictNotice onTheirs={onEnd} />}
        <Section title={texts.settings.screenTitle}>
          <ScreenFields form={form} />
        </Section>
        <Section title={texts.settings.configTitle}>
          <Settings form={form} device={theirs} />
        </Section>
        <Group justify="flex-end">
          {form.isDirty() && (
            <Button
              variant="default"
              onClick={() => {
                form.reset();
                onEnd();
              }}
            >
              {texts.settings.discard}
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

interface WithForm {
  readonly form: UseFormReturnType<ScreenValues>;
}

function ScreenFields({ form }: WithForm) {
  const { devicePage, common } = useTexts();
  const texts = devicePage.settings;
  const { administer } = useMay();
  return (
    <Stack>
      <TextInput {...form.getInputProps('name')} label={common.name} required maxLength={120} />
      <GroupSelect
        value={form.values.groupId}
        onChange={(groupId) => form.setFieldValue('groupId', groupId)}
        description={texts.groupHint}
        placeholder={common.noGroup}
        clearable={administer}
        error={form.errors['groupId']}
      />
      <Text size="sm" fw={500}>
        {texts.place}
        <Text span size="xs" c="dimmed" display="block" fw={400}>
          {texts.placeHint}
        </Text>
      </Text>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <NumberInput
          {...form.getInputProps('latitude')}
          label={texts.latitude}
          min={-90}
          max={90}
          decimalScale={6}
          clampBehavior="blur"
          hideControls
        />
        <NumberInput
          {...form.getInputProps('longitude')}
          label={texts.longitude}
          min={-180}
          max={180}
          decimalScale={6}
          clampBehavior="blur"
          hideControls
        />
      </SimpleGrid>
    </Stack>
  );
}

/** The settings, with what comes from the groups above where the screen has none of its own. */
function Settings({ form, device }: WithForm & { readonly device: DeviceJson }) {
  const session = useSession();
  const state = useQuery({
    queryKey: screenKey(device.id, 'state'),
    queryFn: () => session.call<DeviceStateJson>('GET', `/devices/${device.id}/state`),
  });
  return (
    <ConfigFields
      value={form.values.config}
      onChange={(config) => form.setFieldValue('config', config)}
      above={state.data?.settings.filter(({ kind }) => kind === 'group') ?? null}
      errors={form.errors}
    />
  );
}

function Credential({ device }: { readonly device: DeviceJson }) {
  const texts = useTexts().devicePage;
  const revoke = useRevoke(device);
  return (
    <Section title={texts.settings.credentialTitle}>
      <Stack align="flex-start" gap="xs">
        <Text size="sm">{device.state === 'revoked' ? texts.revokedHint : texts.settings.credentialHint}</Text>
        {device.state === 'active' && (
          <Button color="red" variant="light" leftSection={<Unplug size={16} aria-hidden />} onClick={revoke}>
            {texts.revoke}
          </Button>
        )}
      </Stack>
    </Section>
  );
}
