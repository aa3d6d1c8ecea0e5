/** Changing what content is called, whose it is, how long it stands, and where it plays from. */
import { Alert, Button, Group, Stack, TextInput } from '@mantine/core';
import { useForm, type UseFormReturnType } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { ContentJson } from '../../content/content-json.ts';
import { GroupSelect } from '../pickers/group-select.tsx';
import { ApiFailure } from '../session/api-failure.ts';
import { useMay, useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { FailureNotice } from '../ui/failure-notice.tsx';
import { useAction } from '../ui/use-action.ts';
import { DurationInput } from './external-form.tsx';

export interface ContentFormProps {
  /** As it is now: also when somebody else has changed it meanwhile. */
  readonly content: ContentJson;
  readonly onClose: () => void;
}

interface Values {
  readonly name: string;
  readonly groupId: number | null;
  readonly seconds: string | number;
  readonly url: string;
}

function valuesOf({ name, groupId, durationMs, url }: ContentJson): Values {
  return { name, groupId, seconds: durationMs === null ? '' : durationMs / 1_000, url: url ?? '' };
}

/** Only what was changed: so an edit of the name does not touch what is on screens. */
function changesOf(values: Values, old: Values): Record<string, unknown> {
  return {
    ...(values.name === old.name ? {} : { name: values.name }),
    ...(values.groupId === old.groupId ? {} : { groupId: values.groupId }),
    ...(values.seconds === old.seconds
      ? {}
      : { durationMs: values.seconds === '' ? null : Math.round(Number(values.seconds) * 1_000) }),
    ...(values.url === old.url ? {} : { url: values.url.trim() }),
  };
}

export function ContentForm({ content, onClose }: ContentFormProps) {
  const { content: texts, common } = useTexts();
  const session = useSession();
  const queries = useQueryClient();
  const [based, setBased] = useState(content);
  const [failure, setFailure] = useState<ApiFailure | null>(null);
  const isConflict = failure?.code === 'VERSION_CONFLICT';
  const form = useForm<Values>({ initialValues: valuesOf(content) });
  const save = useAction(
    (values: Values) =>
      session.call<ContentJson>('PUT', `/content/${content.id}`, {
        // Saving again is saving over what they did, which was said.
        body: { ...changesOf(values, valuesOf(based)), version: isConflict ? content.version : based.version },
      }),
    {
      changes: ['content'],
      done: ({ name }) => texts.saved(name),
      onDone: onClose,
      onFailure: (cause) => {
        if (!(cause instanceof ApiFailure)) return false;
        form.setErrors(cause.byField());
        setFailure(cause);
        if (cause.code === 'VERSION_CONFLICT') void queries.invalidateQueries({ queryKey: ['content', content.id] });
        return true;
      },
    },
  );
  return (
    <Dialog onClose={onClose} size="lg" title={texts.editTitle(based.name)} closeOnClickOutside={!form.isDirty()}>
      <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
        <Stack>
          {isConflict && (
            <ConflictNotice
              onLoad={
                content.version === based.version
                  ? null
                  : () => {
                      form.setValues(valuesOf(content));
                      setBased(content);
                      setFailure(null);
                    }
              }
            />
          )}
          {failure !== null && !isConflict && <FailureNotice cause={failure} />}
          <Fields form={form} content={content} />
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

/** `onLoad` is null until their version is there. */
function ConflictNotice({ onLoad }: { readonly onLoad: (() => void) | null }) {
  const { common } = useTexts();
  return (
    <Alert color="orange" role="alert">
      <Stack gap="xs" align="flex-start">
        {common.changedMeanwhile}
        <Button size="xs" variant="default" disabled={onLoad === null} onClick={() => onLoad?.()}>
          {common.showTheirs}
        </Button>
      </Stack>
    </Alert>
  );
}

interface FieldsProps {
  readonly form: UseFormReturnType<Values>;
  readonly content: ContentJson;
}

function Fields({ form, content }: FieldsProps) {
  const { content: texts, common } = useTexts();
  const { administer } = useMay();
  const isElsewhere = content.mimeType === null && content.url !== null;
  return (
    <>
      <TextInput {...form.getInputProps('name')} label={texts.name} required maxLength={200} data-autofocus />
      <GroupSelect
        label={texts.owner}
        {...(administer ? { placeholder: common.wholeTenant } : {})}
        clearable={administer}
        value={form.values.groupId}
        onChange={(groupId) => form.setFieldValue('groupId', groupId)}
        error={form.errors['groupId']}
      />
      {content.type !== 'video' && (
        <DurationInput {...form.getInputProps('seconds')} error={form.errors['durationMs']} />
      )}
      {isElsewhere && (
        <TextInput
          {...form.getInputProps('url')}
          label={texts.address}
          description={texts.addressHint}
          required
          inputMode="url"
          autoComplete="off"
          spellCheck={false}
        />
      )}
    </>
  );
}
