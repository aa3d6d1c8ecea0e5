/** What every report has around its rows: its file, and what stands there when there are none. */
import { Group, Stack } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { ChartColumn } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Paged, Query } from '../session/session.ts';
import { EmptyState } from '../ui/empty-state.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { ExportMenu } from './export-menu.tsx';

export interface ReportFrameProps<T> {
  readonly query: UseQueryResult<Paged<T>>;
  readonly path: string;
  /** What is asked for, without a page. */
  readonly asked: Query;
  /** Beside the button of the file. */
  readonly controls?: ReactNode;
  readonly empty: { readonly title: string; readonly hint: string };
  readonly children: (data: Paged<T>) => ReactNode;
}

export function ReportFrame<T>({ query, path, asked, controls, empty, children }: ReportFrameProps<T>) {
  return (
    <Stack gap="md" mt="md">
      <Group justify="space-between" gap="sm">
        <div>{controls}</div>
        <ExportMenu path={path} query={asked} />
      </Group>
      <Loaded query={query} lines={8}>
        {(data) =>
          data.total === 0 ? (
            <EmptyState icon={ChartColumn} title={empty.title} hint={empty.hint} />
          ) : (
            <Stack gap="md" opacity={query.isPlaceholderData ? 0.6 : 1} aria-busy={query.isPlaceholderData}>
              {children(data)}
            </Stack>
          )
        }
      </Loaded>
    </Stack>
  );
}
