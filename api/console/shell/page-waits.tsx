/** While a page is fetched. */
import { Center, Loader } from '@mantine/core';
import { useTexts } from '../texts/texts-context.tsx';

export function PageWaits() {
  const { loading } = useTexts().common;
  return (
    <Center h={240} role="status" aria-label={loading}>
      <Loader />
    </Center>
  );
}
