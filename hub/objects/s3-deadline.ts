/** An end to waiting for S3 that the SDK's own limits do not set. */
import { s3Failure } from './s3-failure.ts';

/** The SDK's own limits end with the head of an answer; this one also covers the text of an error that never comes. */
export async function inTime<T>(ms: number, send: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), ms);
  try {
    return await send(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Signing asks nobody but who gives the credentials, which may be the network: under the same limit. */
export async function signed(ms: number, signing: Promise<string>): Promise<string> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(Object.assign(new Error('no credentials in time'), { name: 'TimeoutError' })),
    ms,
  );
  try {
    return await Promise.race([signing, late.promise]);
  } catch (error) {
    throw s3Failure('sign', error);
  } finally {
    clearTimeout(timer);
  }
}
