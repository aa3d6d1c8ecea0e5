/** Adding and editing a webhook. */
import { Button, Checkbox, Group, Stack, Switch, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import type { WebhookJson, WebhookWithSecret } from '../../notifications/webhook-json.ts';
import { ApiFailure } from '../session/api-failure.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { useAction } from '../ui/use-action.ts';

const KINDS = ['alert.started', 'alert.stopped', 'alert.unconfirmed'] as const;

type Saved = WebhookJson & Partial<Pick<WebhookWithSecret, 'secret'>>;

interface WebhookValues {
  name: string;
  url: string;
  events: string[];
  enabled: boolean;
}

export interface WebhookFormProps {
  /** The webhook to edit; null adds one. */
  readonly webhook: WebhookJson | null;
  readonly onClose: () => void;
  readonly onSaved: (saved: Saved) => void;
}

export function WebhookForm({ webhook, onClose, onSaved }: WebhookFormProps) {
  const { notifications: texts, common } = useTexts();
  const session = useSession();
  const form = useForm<WebhookValues>({
    initialValues: {
      name: webhook?.name ?? '',
      url: webhook?.url ?? 'https://',
      events: [...(webhook?.events ?? KINDS)],
      enabled: webhook?.enabled ?? true,
    },
    validate: { events: (events) => (events.length === 0 ? texts.pickEvents : null) },
  });
  const save = useAction(
    (values: WebhookValues) =>
      webhook === null
        ? session.call<Saved>('POST', '/webhooks', { body: values })
        : session.call<Saved>('PUT', `/webhooks/${webhook.id}`, { body: { ...values, version: webhook.version } }),
    {
      changes: ['webhook'],
      done: ({ name }) => texts.saved(name),
      onDone: onSaved,
      onFailure: (cause) => {
        if (!(cause instanceof ApiFailure) || cause.details.length === 0) return false;
        form.setErrors(cause.byField());
        return true;
      },
    },
  );
  return (
    <Dialog onClose={onClose} title={webhook === null ? texts.add : texts.edit(webhook.name)}>
      <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
        <Stack>
          <TextInput {...form.getInputProps('name')} label={texts.name} maxLength={120} required data-autofocus />
          <TextInput
            {...form.getInputProps('url')}
            label={texts.address}
            description={texts.addressHint}
            inputMode="url"
            spellCheck={false}
            required
          />
          <Checkbox.Group {...form.getInputProps('events')} label={texts.events}>
            <Stack gap="xs" mt={4}>
              {KINDS.map((kind) => (
                <Checkbox key={kind} value={kind} label={texts.kinds[kind]} />
              ))}
            </Stack>
          </Checkbox.Group>
          <Switch {...form.getInputProps('enabled', { type: 'checkbox' })} label={texts.enable} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {common.cancel}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {common.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
