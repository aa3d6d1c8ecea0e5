/** The picture that a command brought back. It stands behind the session, so it is fetched and shown from memory. */
import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useCallback, type ReactNode } from 'react';
import type { CommandJson } from '../../devices/command-json.ts';
import { useSession } from '../session/session-context.tsx';
import { Loaded } from '../ui/loaded.tsx';

export interface ResultPictureProps {
  readonly command: CommandJson;
  readonly alt: string;
  readonly caption: ReactNode;
}

export function ResultPicture({ command, alt, caption }: ResultPictureProps) {
  const { deviceId, commandId } = command;
  const session = useSession();
  const query = useQuery({
    queryKey: ['screen-file', deviceId, commandId],
    queryFn: () => session.file(`/devices/${deviceId}/commands/${commandId}/file`),
    // The file of a command never changes.
    staleTime: Infinity,
  });
  return (
    <Loaded query={query} lines={5}>
      {({ blob }) => (
        <figure style={{ margin: 0 }}>
          <BlobImage blob={blob} alt={alt} />
          <Text component="figcaption" size="xs" c="dimmed" mt={4}>
            {caption}
          </Text>
        </figure>
      )}
    </Loaded>
  );
}

/** The address of a blob lives as long as the picture that shows it. */
function BlobImage({ blob, alt }: { readonly blob: Blob; readonly alt: string }) {
  const show = useCallback(
    (image: HTMLImageElement) => {
      const address = URL.createObjectURL(blob);
      image.src = address;
      return () => URL.revokeObjectURL(address);
    },
    [blob],
  );
  return (
    <img ref={show} alt={alt} style={{ display: 'block', maxWidth: '100%', maxHeight: '60vh', borderRadius: 4 }} />
  );
}
