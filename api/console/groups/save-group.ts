/** Changing a group. */
import { useQueryClient } from '@tanstack/react-query';
import type { GroupJson } from '../../groups/group-json.ts';
import type { Config } from '../../../protocol/desired-state.ts';
import { useVersionedSave, type VersionedSave } from '../device-config/versioned-save.ts';
import { forestOf, type GroupForest } from '../pickers/groups.ts';
import { useTexts } from '../texts/texts-context.tsx';

export interface GroupChange {
  readonly name?: string;
  readonly config?: Config;
}

export interface SaveGroupOptions {
  readonly onSaved: (saved: GroupJson) => void;
  /** Called with what is wrong, by field. */
  readonly onErrors: (errors: Record<string, string>) => void;
}

/** @param begun as it was when the form was opened */
export function useSaveGroup(
  begun: GroupJson,
  { onSaved, onErrors }: SaveGroupOptions,
): VersionedSave<GroupJson, GroupChange> {
  const texts = useTexts().groups;
  const queries = useQueryClient();
  const keep = (saved: GroupJson): void => {
    queries.setQueryData<GroupForest>(['group', 'all'], (forest) => {
      if (forest === undefined) return forest;
      const groups = [...forest.byId.values()].map((one) => (one.id === saved.id ? saved : one));
      return forestOf(groups.sort((one, other) => one.name.localeCompare(other.name)));
    });
  };
  return useVersionedSave<GroupJson, GroupChange>({
    path: `/groups/${begun.id}`,
    begun,
    changes: ['group', 'screen', 'audit'],
    done: ({ name }) => texts.saved(name),
    onSaved: (saved) => {
      keep(saved);
      onSaved(saved);
    },
    onTheirs: keep,
    onErrors,
  });
}
