/** What an alert says: severity, title, message, and what is shown beside them. */
import { SegmentedControl, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useId } from 'react';
import { ContentPicker } from '../pickers/content-picker.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import type { Severity } from '../ui/severity-badge.tsx';

export interface AlertText {
  readonly severity: Severity;
  readonly title: string;
  readonly message: string;
  readonly contentId: number | null;
}

export interface AlertTextFieldsProps {
  readonly value: AlertText;
  readonly onChange: (change: Partial<AlertText>) => void;
  /** Messages by field name. */
  readonly errors?: Readonly<Partial<Record<keyof AlertText, string>>>;
}

const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];

export function AlertTextFields({ value, onChange, errors = {} }: AlertTextFieldsProps) {
  const { alerts: texts, common } = useTexts();
  const severityName = useId();
  return (
    <Stack gap="sm">
      <div>
        <Text size="sm" fw={500} id={severityName}>
          {texts.severity}
        </Text>
        <SegmentedControl
          fullWidth
          aria-labelledby={severityName}
          value={value.severity}
          onChange={(severity) => onChange({ severity })}
          data={SEVERITIES.map((severity) => ({ value: severity, label: common.severity[severity] }))}
        />
      </div>
      <TextInput
        label={texts.alertTitle}
        value={value.title}
        onChange={(event) => onChange({ title: event.currentTarget.value })}
        maxLength={200}
        required
        size="md"
        error={errors.title}
      />
      <Textarea
        label={texts.message}
        description={texts.messageHint}
        value={value.message}
        onChange={(event) => onChange({ message: event.currentTarget.value })}
        maxLength={4_000}
        autosize
        minRows={2}
        maxRows={8}
        error={errors.message}
      />
      <ContentPicker
        label={texts.content}
        value={value.contentId}
        onChange={(content) => onChange({ contentId: content?.id ?? null })}
        error={errors.contentId}
      />
    </Stack>
  );
}
