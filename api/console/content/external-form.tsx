/** Adding content that plays from elsewhere: a stream, or a web page. */
import { Button, Group, NumberInput, Radio, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import type { ContentJson } from '../../content/content-json.ts';
import { GroupSelect } from '../pickers/group-select.tsx';
import { ApiFailure } from '../session/api-failure.ts';
import { newKey } from '../session/new-key.ts';
import { useMay, useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { useAction } from '../ui/use-action.ts';

const KINDS = ['stream', 'html'] as const;

export function ExternalForm({ onClose }: { readonly onClose: () => void }) {
  const { content: texts, common } = useTexts();
  const session = useSession();
  const { administer } = useMay();
  const [key] = useState(newKey);
  const form = useForm<{ type: string; name: string; url: string; groupId: number | null; seconds: string | number }>({
    initialValues: { type: 'stream', name: '', url: '', groupId: null, seconds: '' },
  });
  const save = useAction(
    ({ type, name, url, groupId, seconds }: typeof form.values) =>
      session.call<ContentJson>('POST', '/content', {
        body: {
          ...{ type, name, url: url.trim() },
          ...(groupId === null ? {} : { groupId }),
          ...(seconds === '' ? {} : { durationMs: Math.round(Number(seconds) * 1_000) }),
        },
        idempotencyKey: key,
      }),
    {
      changes: ['content'],
      done: ({ name }) => texts.created(name),
      onDone: onClose,
      onFailure: (cause) => {
        if (!(cause instanceof ApiFailure) || cause.details.length === 0) return false;
        form.setErrors(cause.byField());
        return true;
      },
    },
  );
  return (
    <Dialog onClose={onClose} size="lg" title={texts.addAddressTitle} closeOnClickOutside={!form.isDirty()}>
      <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
        <Stack>
          <KindField {...form.getInputProps('type')} />
          <TextInput {...form.getInputProps('name')} label={texts.name} required maxLength={200} data-autofocus />
          <TextInput
            {...form.getInputProps('url')}
            label={texts.address}
            description={texts.addressHint}
            required
            inputMode="url"
            autoComplete="off"
            spellCheck={false}
          />
          <DurationInput {...form.getInputProps('seconds')} error={form.errors['durationMs']} />
          <GroupSelect
            label={texts.owner}
            {...(administer ? { placeholder: common.wholeTenant } : {})}
            value={form.values.groupId}
            onChange={(groupId) => form.setFieldValue('groupId', groupId)}
            error={form.errors['groupId']}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {common.cancel}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {common.add}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

interface KindFieldProps {
  readonly value?: string;
  readonly onChange?: (kind: string) => void;
}

function KindField(props: KindFieldProps) {
  const texts = useTexts().content;
  return (
    <Radio.Group {...props} label={texts.type}>
      <Stack gap="xs" mt={4}>
        {KINDS.map((kind) => (
          <Radio key={kind} value={kind} label={texts.kinds[kind]} description={texts.kindHints[kind]} />
        ))}
      </Stack>
    </Radio.Group>
  );
}

export interface DurationInputProps {
  readonly value?: string | number;
  readonly onChange?: (value: string | number) => void;
  readonly error?: React.ReactNode;
}

/** How long content stands, in seconds; empty when it does not say. */
export function DurationInput({ error, ...rest }: DurationInputProps) {
  const texts = useTexts().content;
  return (
    <NumberInput
      {...rest}
      error={error}
      label={texts.duration}
      description={texts.durationHint}
      suffix={` ${texts.seconds}`}
      min={0.1}
      max={86_400}
      decimalScale={3}
      hideControls
      maw={260}
    />
  );
}
