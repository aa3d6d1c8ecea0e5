/** What a file is said to be when it is announced. Its bytes decide in the end, and the API says what it takes. */

/** For files that a browser gives no type. */
const BY_ENDING: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  avif: 'image/avif',
  mp4: 'video/mp4',
  m4v: 'video/x-m4v',
  webm: 'video/webm',
  zip: 'application/zip',
  html: 'text/html',
  htm: 'text/html',
};

export function mimeTypeOf(file: Pick<File, 'name' | 'type'>): string {
  if (file.type !== '') return file.type;
  const ending = file.name.slice(file.name.lastIndexOf('.') + 1).toLowerCase();
  return (Object.hasOwn(BY_ENDING, ending) ? BY_ENDING[ending] : undefined) ?? 'application/octet-stream';
}

/** A name for people: the file's, without its ending. */
export function nameOf({ name }: Pick<File, 'name'>): string {
  const stem = name.replace(/\.[^.]{1,10}$/, '').trim();
  return [...(stem === '' ? name : stem)].slice(0, 200).join('');
}
