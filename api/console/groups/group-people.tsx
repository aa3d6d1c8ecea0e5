/** Who looks after a group: people to whom it, or a group above it, is assigned. Administrators have all of them. */
import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { GroupJson } from '../../groups/group-json.ts';
import type { UserJson } from '../../users/user-json.ts';
import type { GroupForest } from '../pickers/groups.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { AnchorLink } from '../ui/anchor-link.tsx';
import { readAll } from '../ui/list-query.ts';
import { Loaded } from '../ui/loaded.tsx';
import { chainIds } from './group-moves.ts';

export interface GroupPeopleProps {
  readonly group: GroupJson;
  readonly forest: GroupForest;
}

export function GroupPeople({ group, forest }: GroupPeopleProps) {
  const { groups: texts, users } = useTexts();
  const session = useSession();
  const query = useQuery({
    queryKey: ['user', 'all'],
    queryFn: ({ signal }) => readAll<UserJson>(session, '/users', { sort: 'username' }, signal),
  });
  const chain = new Set(chainIds(forest, group.id));
  return (
    <Loaded query={query} lines={3}>
      {(all) => {
        const people = all.filter(({ role, groupIds }) => role !== 'admin' && groupIds.some((id) => chain.has(id)));
        return (
          <Stack gap={4}>
            {people.length === 0 && <Text size="sm">{texts.nobody}</Text>}
            {people.map(({ id, displayName, username, role }) => (
              <Text key={id} size="sm">
                {displayName}{' '}
                <Text span size="xs" c="dimmed">
                  {username}, {users.roles[role]}
                </Text>
              </Text>
            ))}
            <Text size="xs" c="dimmed">
              {texts.andAdmins}{' '}
              <AnchorLink to="/users" size="xs" underline="always">
                {texts.toUsers}
              </AnchorLink>
            </Text>
          </Stack>
        );
      }}
    </Loaded>
  );
}
