/**
 * Events to a topic of SNS or of a service that speaks its protocol. Credentials are found by the SDK's default chain
 * (environment, profile, instance or task role) and never pass through our configuration; the role needs `sns:Publish` on the
 * topic alone.
 */
import { PublishCommand, SNSClient, type PublishCommandInput } from '@aws-sdk/client-sns';
import { NotDeliveredError, type Notifier, type OutsideEvent } from '../core/ports.ts';

/** How long one attempt may wait. Past any of them: NotDeliveredError, to be tried again. */
export interface SnsLimits {
  /** Until a connection stands, in milliseconds. */
  readonly connectMs: number;
  /** From the request until its answer, in milliseconds. */
  readonly answerMs: number;
  /** The whole attempt, finding credentials included, in milliseconds. */
  readonly attemptMs: number;
}

const SNS_LIMITS: SnsLimits = { connectMs: 1_000, answerMs: 3_000, attemptMs: 5_000 };

export interface SnsNotifierOptions {
  /** A topic whose name ends in `.fifo` is spoken to as one: a group per tenant, deduplicated by event. */
  readonly topicArn: string;
  /** Address of an SNS-compatible service; absent: AWS's own. */
  readonly endpoint?: string | undefined;
  readonly region: string;
  readonly limits?: SnsLimits;
}

export class SnsNotifier implements Notifier {
  readonly #topicArn: string;
  readonly #attemptMs: number;
  readonly #client: SNSClient;

  constructor({ topicArn, endpoint, region, limits = SNS_LIMITS }: SnsNotifierOptions) {
    this.#topicArn = topicArn;
    this.#attemptMs = limits.attemptMs;
    this.#client = new SNSClient({
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      // Trying again is the sender's: it remembers over restarts, and waits longer than a client should.
      maxAttempts: 1,
      requestHandler: {
        connectionTimeout: limits.connectMs,
        requestTimeout: limits.answerMs,
        throwOnRequestTimeout: true,
      },
    });
  }

  async publish(event: OutsideEvent): Promise<void> {
    const controller = new AbortController();
    // The SDK's limits end with the head of an answer, and none is on the search for credentials.
    const timer = setTimeout(() => controller.abort(), this.#attemptMs);
    try {
      await this.#client.send(new PublishCommand(this.#message(event)), { abortSignal: controller.signal });
    } catch (error) {
      throw snsFailure(error);
    } finally {
      clearTimeout(timer);
    }
  }

  #message({ eventId, kind, tenantId, body }: OutsideEvent): PublishCommandInput {
    return {
      TopicArn: this.#topicArn,
      Message: body,
      // What subscriptions filter by without opening the message.
      MessageAttributes: {
        kind: { DataType: 'String', StringValue: kind },
        tenantId: { DataType: 'Number', StringValue: String(tenantId) },
        eventId: { DataType: 'String', StringValue: eventId },
      },
      ...(this.#topicArn.endsWith('.fifo') && {
        MessageGroupId: `tenant-${tenantId}`,
        MessageDeduplicationId: eventId,
      }),
    };
  }
}

/** Refusals of this very message. All others (also of credentials, a topic or a policy) an operator can mend meanwhile. */
const FINAL_NAMES = new Set([
  'InvalidParameter',
  'InvalidParameterException',
  'ParameterValueInvalid',
  'InvalidParameterValueException',
  'ValidationError',
  'ValidationException',
]);
const PAYLOAD_TOO_LARGE = 413;

interface SdkError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** What SNS itself said is in `cause` only: to a refused signature it answers with the request's own headers. */
function snsFailure(cause: unknown): NotDeliveredError {
  const { name, code, $metadata } = (cause ?? {}) as SdkError;
  const status = $metadata?.httpStatusCode;
  const said = [name === 'AbortError' ? 'no answer in time' : name, code, status];
  const how = [...new Set(said.filter((part) => typeof part === 'string' || typeof part === 'number'))].join(' ');
  const isFinal = status === PAYLOAD_TOO_LARGE || (typeof name === 'string' && FINAL_NAMES.has(name));
  return new NotDeliveredError(`SNS did not take it: ${how}`, !isFinal, { cause });
}
