/** Preparing an alert, and changing one: what it says, and what is proposed when it is raised. */
import { Alert, Button, Grid, Group, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useForm, type UseFormReturnType } from '@mantine/form';
import { useMediaQuery } from '@mantine/hooks';
import { GitMerge } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import type { AlertJson } from '../../alerts/alert-json.ts';
import { ApiFailure } from '../session/api-failure.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { useAction } from '../ui/use-action.ts';
import { AlertPreview } from './alert-preview.tsx';
import { AlertTextFields } from './alert-text-fields.tsx';
import { ExpiryField } from './expiry-field.tsx';
import { TargetsFields } from './targets-fields.tsx';

export interface PreparedAlertFormProps {
  /** The alert to change; null writes one. */
  readonly alert: AlertJson | null;
  readonly onClose: () => void;
}

type Values = Pick<
  AlertJson,
  'name' | 'severity' | 'title' | 'message' | 'contentId' | 'groupIds' | 'deviceIds' | 'expiresInSeconds' | 'drill'
>;

function valuesOf(alert: AlertJson | null): Values {
  return {
    name: alert?.name ?? '',
    severity: alert?.severity ?? 'critical',
    title: alert?.title ?? '',
    message: alert?.message ?? '',
    contentId: alert?.contentId ?? null,
    groupIds: [...(alert?.groupIds ?? [])],
    deviceIds: [...(alert?.deviceIds ?? [])],
    expiresInSeconds: alert?.expiresInSeconds ?? null,
    drill: alert?.drill ?? false,
  };
}

/** Saves; when somebody else was faster, reads what they made of it, and is based on that the next time. */
function useSavePrepared(alert: AlertJson | null, form: UseFormReturnType<Values>, onDone: () => void) {
  const texts = useTexts().alerts;
  const session = useSession();
  /** The version that a save is based on: theirs, once the user has been told of it. */
  const [version, setVersion] = useState(alert?.version ?? 0);
  const [theirs, setTheirs] = useState<AlertJson | null>(null);
  const meet = async (id: number): Promise<void> => {
    const current = await session.call<AlertJson>('GET', `/alerts/${id}`);
    setTheirs(current);
    setVersion(current.version);
  };
  const save = useAction(
    async ({ name, ...values }: Values) => {
      const body = { ...values, ...(name.trim() === '' ? {} : { name }) };
      if (alert === null) return session.call<AlertJson>('POST', '/alerts', { body });
      try {
        return await session.call<AlertJson>('PUT', `/alerts/${alert.id}`, { body: { ...body, version } });
      } catch (cause) {
        if (cause instanceof ApiFailure && cause.code === 'VERSION_CONFLICT') await meet(alert.id);
        throw cause;
      }
    },
    {
      changes: ['alert'],
      done: ({ name }) => texts.preparedSaved(name),
      onDone,
      onFailure: (cause) => {
        if (!(cause instanceof ApiFailure)) return false;
        if (cause.code === 'VERSION_CONFLICT') return true;
        form.setErrors(cause.byField());
        return cause.details.length > 0;
      },
    },
  );
  return { save, theirs };
}

export function PreparedAlertForm({ alert, onClose }: PreparedAlertFormProps) {
  const { alerts: texts, common } = useTexts();
  const isNarrow = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false });
  const form = useForm<Values>({ initialValues: valuesOf(alert) });
  const { save, theirs } = useSavePrepared(alert, form, onClose);
  const { values } = form;
  const set = (change: Partial<Values>): void => form.setValues({ ...values, ...change });
  return (
    <Dialog
      onClose={onClose}
      size="56rem"
      fullScreen={isNarrow}
      closeOnClickOutside={false}
      title={alert === null ? texts.prepare : texts.editPrepared(alert.name)}
    >
      <form onSubmit={form.onSubmit((all) => save.mutate(all))}>
        {theirs !== null && <Theirs onLoad={() => form.setValues(valuesOf(theirs))} />}
        <Grid gap="lg" pb="md">
          <Grid.Col span={{ base: 12, sm: 6 }}>
            <Stack gap="sm">
              <AlertPreview {...values} />
              <AlertTextFields value={values} onChange={set} errors={textErrors(form.errors)} />
            </Stack>
          </Grid.Col>
          <Grid.Col span={{ base: 12, sm: 6 }}>
            <Proposals form={form} set={set} />
          </Grid.Col>
        </Grid>
        <Group className="raise-foot" justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {common.cancel}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {common.save}
          </Button>
        </Group>
      </form>
    </Dialog>
  );
}

function Theirs({ onLoad }: { readonly onLoad: () => void }) {
  const { common } = useTexts();
  return (
    <Alert color="orange" variant="light" icon={<GitMerge aria-hidden />} role="alert" mb="md">
      <Text size="sm" mb="xs">
        {common.changedMeanwhile}
      </Text>
      <Button size="xs" variant="default" onClick={onLoad}>
        {common.showTheirs}
      </Button>
    </Alert>
  );
}

interface ProposalsProps {
  readonly form: UseFormReturnType<Values>;
  readonly set: (change: Partial<Values>) => void;
}

/** Its name for operators, and what raising it begins with. */
function Proposals({ form, set }: ProposalsProps) {
  const texts = useTexts().alerts;
  const { values } = form;
  return (
    <Stack gap="md">
      <TextInput
        {...form.getInputProps('name')}
        label={texts.preparedName}
        description={texts.preparedNameHint}
        maxLength={120}
      />
      <Text fw={600}>{texts.usually}</Text>
      <div>
        <TargetsFields
          value={values}
          onChange={({ groupIds, deviceIds }) => set({ groupIds: [...groupIds], deviceIds: [...deviceIds] })}
        />
        <FieldError error={form.errors['groupIds']} />
        <FieldError error={form.errors['deviceIds']} />
      </div>
      <ExpiryField
        label={texts.howLong}
        none={texts.noProposal}
        value={values.expiresInSeconds}
        onChange={(expiresInSeconds) => set({ expiresInSeconds })}
      />
      <Switch
        {...form.getInputProps('drill', { type: 'checkbox' })}
        label={texts.drillSwitch}
        description={texts.drillHint}
      />
    </Stack>
  );
}

function FieldError({ error }: { readonly error: ReactNode }) {
  if (error === undefined || error === null) return null;
  return (
    <Text size="sm" c="var(--mantine-color-red-light-color)" role="alert">
      {error}
    </Text>
  );
}

function textErrors(
  errors: Readonly<Record<string, unknown>>,
): Partial<Record<'title' | 'message' | 'contentId', string>> {
  const told = (['title', 'message', 'contentId'] as const).flatMap((field) =>
    typeof errors[field] === 'string' ? [[field, errors[field]] as const] : [],
  );
  return Object.fromEntries(told);
}
