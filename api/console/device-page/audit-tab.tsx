/** What people did to this screen. */
import { ScrollText } from 'lucide-react';
import { useState } from 'react';
import type { DeviceJson } from '../../devices/device-json.ts';
import { auditColumns, type AuditLine } from '../audit/audit-columns.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { useListQuery } from '../ui/list-query.ts';
import { ListTable } from '../ui/list-table.tsx';
import { Loaded } from '../ui/loaded.tsx';

export function AuditTab({ device }: { readonly device: DeviceJson }) {
  const { devicePage, audit, common } = useTexts();
  const [page, setPage] = useState(1);
  const query = useListQuery<AuditLine>('audit', '/audit', {
    entity: 'device',
    entityId: device.id,
    page,
    limit: 25,
  });
  return (
    <Loaded query={query} lines={6}>
      {(data) =>
        data.total === 0 ? (
          <EmptyState icon={ScrollText} title={common.nothingFound} hint={audit.emptyHint} />
        ) : (
          <ListTable
            label={devicePage.tabs.audit}
            columns={auditColumns(audit)}
            data={data}
            rowKey={({ id }) => id}
            onPage={setPage}
          />
        )
      }
    </Loaded>
  );
}
