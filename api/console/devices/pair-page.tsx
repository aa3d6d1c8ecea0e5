/** Connecting a screen by the code that it shows. */
import {
  Alert,
  Anchor,
  Button,
  Code,
  CopyButton,
  Group,
  List,
  Paper,
  SimpleGrid,
  Stack,
  TextInput,
  Title,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { Clock } from 'lucide-react';
import { useState } from 'react';
import type { DeviceJson } from '../../devices/device-json.ts';
import { GroupSelect } from '../pickers/group-select.tsx';
import { ApiFailure } from '../session/api-failure.ts';
import { useMay, useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { useNow } from '../ui/now.ts';
import { Page } from '../ui/page.tsx';
import { useAction } from '../ui/use-action.ts';
import { PairedScreen } from './paired-screen.tsx';
import { useActKey } from './use-act-key.ts';
import { codeFault, shownCode } from './typed-code.ts';

export function PairPage() {
  const { devices } = useTexts();
  const [paired, setPaired] = useState<DeviceJson | null>(null);
  const texts = devices.pairing;
  return (
    <Page
      title={texts.title}
      description={texts.description}
      actions={<AnchorLink to="/devices">{devices.back}</AnchorLink>}
    >
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <OnTheScreen />
        <Paper withBorder radius="md" p="lg">
          {paired === null ? (
            <PairForm onPaired={setPaired} />
          ) : (
            <PairedScreen device={paired} onAnother={() => setPaired(null)} />
          )}
        </Paper>
      </SimpleGrid>
    </Page>
  );
}

/** What is to be done on the screen itself. */
function OnTheScreen() {
  const { devices, common } = useTexts();
  const texts = devices.pairing;
  const address = `${location.origin}/player/`;
  return (
    <Paper withBorder radius="md" p="lg">
      <Stack>
        <Title order={2} size="h4">
          {texts.onTheScreen}
        </Title>
        <List type="ordered" spacing="md">
          <List.Item>
            {texts.steps.open}
            <Group gap="xs" mt={6}>
              <Code fz="md" aria-label={texts.playerAddress}>
                {address}
              </Code>
              <CopyButton value={address}>
                {({ copied, copy }) => (
                  <Button size="compact-sm" variant="default" onClick={copy}>
                    {copied ? common.copied : common.copy}
                  </Button>
                )}
              </CopyButton>
            </Group>
            <Anchor href={address} target="_blank" rel="noreferrer" size="sm">
              {texts.openPlayer}
            </Anchor>
          </List.Item>
          <List.Item>{texts.steps.code}</List.Item>
          <List.Item>{texts.steps.enter}</List.Item>
        </List>
      </Stack>
    </Paper>
  );
}

/** The form, and what is done with it. */
function usePairing(onPaired: (device: DeviceJson) => void) {
  const texts = useTexts().devices.pairing;
  const session = useSession();
  const { administer } = useMay();
  const [waitUntilMs, setWaitUntilMs] = useState(0);
  const form = useForm({
    initialValues: { code: '', name: '', groupId: null as number | null },
    validate: {
      code: (code) => {
        const fault = codeFault(code);
        return fault === null ? null : fault === 'odd' ? texts.codeOddLetter : texts.codeIncomplete;
      },
      groupId: (groupId) => (groupId === null && !administer ? texts.groupNeeded : null),
    },
  });
  const idempotencyKey = useActKey(JSON.stringify(form.values));
  const pair = useAction(
    ({ code, name, groupId }: typeof form.values) =>
      session.call<DeviceJson>('POST', '/devices/pair', {
        body: {
          code,
          ...(name.trim() === '' ? {} : { name: name.trim() }),
          ...(groupId === null ? {} : { groupId }),
        },
        idempotencyKey,
      }),
    {
      changes: ['device', 'group'],
      onDone: onPaired,
      onFailure: (cause) => {
        if (!(cause instanceof ApiFailure)) return false;
        const fields = cause.byField();
        if (cause.code === 'RATE_LIMITED') setWaitUntilMs(Date.now() + (cause.retryAfterMs ?? 60_000));
        else if (fields['code'] !== undefined) form.setFieldError('code', texts.wrongCode);
        else if (cause.code === 'CONFLICT') form.setFieldError('code', texts.busy);
        else if (Object.keys(fields).length > 0) form.setErrors(fields);
        else return false;
        return true;
      },
    },
  );
  return { form, pair, waitUntilMs };
}

function PairForm({ onPaired }: { readonly onPaired: (device: DeviceJson) => void }) {
  const texts = useTexts().devices.pairing;
  const { form, pair, waitUntilMs } = usePairing(onPaired);
  return (
    <form onSubmit={form.onSubmit((values) => pair.mutate(values))} noValidate>
      <Stack>
        <TextInput
          {...form.getInputProps('code')}
          onChange={(event) => form.setFieldValue('code', shownCode(event.currentTarget.value))}
          label={texts.code}
          description={texts.codeHint}
          size="lg"
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', letterSpacing: '0.15em' } }}
          required
        />
        <TextInput
          {...form.getInputProps('name')}
          label={texts.name}
          description={texts.nameHint}
          placeholder={texts.namePlaceholder}
          autoComplete="off"
          maxLength={120}
        />
        <GroupSelect
          label={texts.group}
          description={texts.groupHint}
          value={form.values.groupId}
          onChange={(groupId) => form.setFieldValue('groupId', groupId)}
          error={form.errors['groupId']}
        />
        {waitUntilMs > 0 && <Wait untilMs={waitUntilMs} />}
        <Group justify="flex-end">
          <Button type="submit" loading={pair.isPending}>
            {texts.pair}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** How long one has to wait after too many wrong codes, counted down. */
function Wait({ untilMs }: { readonly untilMs: number }) {
  const texts = useTexts().devices.pairing;
  const now = useNow(1_000);
  return (
    <Alert color="orange" icon={<Clock aria-hidden />}>
      {texts.tooManyTries(Math.max(0, Math.ceil((untilMs - now) / 1000)))}
    </Alert>
  );
}
