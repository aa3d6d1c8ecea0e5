/** A report as a file. Making it may take a while, and says so. */
import { Button, Menu } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { FileBraces, FileSpreadsheet, FileText, FileType, Download } from 'lucide-react';
import { useState } from 'react';
import { useSession } from '../session/session-context.tsx';
import type { Query, Session } from '../session/session.ts';
import { useTexts } from '../texts/texts-context.tsx';
import { failureText } from '../ui/failure-notice.tsx';
import { LIST_LIMIT_MAX } from '../ui/list-query.ts';
import { readReport } from './use-report.ts';

const FORMATS = [
  { format: 'csv', icon: FileText },
  { format: 'xlsx', icon: FileSpreadsheet },
  { format: 'pdf', icon: FileType },
  { format: 'json', icon: FileBraces },
] as const;
type Format = (typeof FORMATS)[number]['format'];

/** Pages of a file of JSON: the API gives JSON a page at a time, and a person has so many requests a minute. */
const JSON_PAGES_MAX = 20;
const DONE_MS = 6_000;
const FAILURE_MS = 15_000;

export interface ExportMenuProps {
  /** Path of the report below the API's base, e.g. `/reports/usage`. */
  readonly path: string;
  /** What is asked for, without a page. */
  readonly query: Query;
}

interface MadeFile {
  readonly blob: Blob;
  readonly name: string;
  /** Rows that are in it and rows that there are, when those are not the same. */
  readonly cut: readonly [number, number] | null;
}

export function ExportMenu({ path, query }: ExportMenuProps) {
  const { reports: texts, common } = useTexts();
  const session = useSession();
  const [isMaking, setIsMaking] = useState(false);
  const make = async (format: Format): Promise<void> => {
    setIsMaking(true);
    const id = notifications.show({
      loading: true,
      message: texts.exporting,
      autoClose: false,
      withCloseButton: false,
    });
    const end = { id, loading: false, withCloseButton: true };
    try {
      const { blob, name, cut } =
        format === 'json' ? await jsonFile(session, path, query) : await fileOf(session, path, query, format);
      save(blob, name);
      const message = cut === null ? texts.exported(name) : `${texts.exported(name)}. ${texts.exportCut(...cut)}`;
      notifications.update({ ...end, color: 'teal', message, autoClose: cut === null ? DONE_MS : FAILURE_MS });
    } catch (cause) {
      const message = failureText(cause, common);
      notifications.update({
        ...{ ...end, color: 'red', title: texts.exportFailed, message, autoClose: FAILURE_MS, role: 'alert' },
      });
    } finally {
      setIsMaking(false);
    }
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" leftSection={<Download size={16} aria-hidden />} loading={isMaking}>
          {texts.export}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {FORMATS.map(({ format, icon: Icon }) => (
          <Menu.Item key={format} leftSection={<Icon size={16} aria-hidden />} onClick={() => void make(format)}>
            {texts.formats[format]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

async function fileOf(session: Session, path: string, query: Query, format: Format): Promise<MadeFile> {
  const { blob, name } = await session.file(path, { ...query, format });
  return { blob, name: name ?? `${nameOf(path)}.${format}`, cut: null };
}

async function jsonFile(session: Session, path: string, query: Query): Promise<MadeFile> {
  let report: { rows: unknown[] } | null = null;
  let total = 0;
  for (let page = 1; page <= JSON_PAGES_MAX; page += 1) {
    const next = await readReport<{ rows: unknown[] }>(session, path, { ...query, page, limit: LIST_LIMIT_MAX });
    total = next.total;
    if (report === null) report = next.items;
    else report.rows.push(...next.items.rows);
    if (report.rows.length >= total || next.items.rows.length === 0) break;
  }
  const rows = report?.rows.length ?? 0;
  const blob = new Blob([JSON.stringify(report, null, 2)], { type: 'application/json' });
  const day = new Date().toISOString().slice(0, 10);
  return { blob, name: `${nameOf(path)}-${day}.json`, cut: rows < total ? [rows, total] : null };
}

function nameOf(path: string): string {
  return path.split('/').at(-1) ?? 'report';
}

/** Gives the file to the browser, which puts it where its user wants downloads. */
function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // Some browsers begin to read it only after the click is over.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
