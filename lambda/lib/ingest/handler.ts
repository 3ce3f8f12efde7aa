/**
 * The Lambda's handler: splits an invocation into single objects, and reports what became of each.
 *
 * S3 and EventBridge invoke the Lambda directly. If an object fails for our own reasons, the whole invocation fails and
 * is repeated. SQS delivers several messages at once and accepts a list of those that failed, so that only these are
 * repeated. Repetition is harmless (see ingest-object.ts).
 */
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { Logger } from '@aws-lambda-powertools/logger';
import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { fieldsOf, list } from '../table/fields';
import type { Cloud } from './cloud';
import { originOf } from './event';
import { FairTurns } from './fair-turns';
import { ingestObject } from './ingest-object';
import { type ObjectCreated, objectsCreated } from './notification';
import type { Outcome } from './outcome';

/** Where a handler reports to. */
export interface Reporting {
  logger: Logger;
  metrics: Metrics;
  /** Milliseconds since 1970. */
  now: () => number;
}

/**
 * Makes the handler. For SQS it returns the messages that failed. For other events it rejects with what failed for our
 * own reasons: one error, or an AggregateError of several.
 */
export function handlerOf(cloud: Cloud, reporting: Reporting) {
  const turns = new FairTurns(reporting.now);
  const ingest = (upload: ObjectCreated) =>
    turns.run(originOf(upload.key).account, () => report(ingestObject(cloud, upload), upload, reporting));

  return async (event: unknown, context: Context): Promise<SQSBatchResponse | undefined> => {
    reporting.logger.addContext(context);
    try {
      if (isSqs(event)) {
        const one = async (record: SQSRecord) => await all(uploadsIn(record, reporting).map(ingest));
        const processor = new BatchProcessor(EventType.SQS);
        return await processPartialResponse(event, one, processor, { context, throwOnFullBatchFailure: false });
      }
      await all(objectsCreated(event).map(ingest));
      return undefined;
    } finally {
      if (reporting.metrics.hasStoredMetrics()) reporting.metrics.publishStoredMetrics();
    }
  };
}

function isSqs(event: unknown): event is SQSEvent {
  const records = list(fieldsOf(event), 'Records');
  return records.length > 0 && records.every((record) => fieldsOf(record).eventSource === 'aws:sqs');
}

/**
 * The uploads of an SQS message. An error is logged here, because SQS only learns that the message failed.
 *
 * @throws Error if the message is no notification of S3.
 */
function uploadsIn({ body, messageId }: SQSRecord, { logger, metrics }: Reporting): ObjectCreated[] {
  try {
    return objectsCreated(JSON.parse(body));
  } catch (error) {
    metrics.addMetric('Failed', MetricUnit.Count, 1);
    logger.error('not a notification', { messageId, error: error instanceof Error ? error : String(error) });
    throw error;
  }
}

/**
 * Waits until all have ended.
 *
 * @throws the error if one failed, an AggregateError if several failed.
 */
async function all(work: Promise<unknown>[]): Promise<void> {
  const errors = (await Promise.allSettled(work)).flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, `${errors.length} of ${work.length} uploads failed.`);
}

async function report(
  work: Promise<Outcome>,
  upload: ObjectCreated,
  { logger, metrics, now }: Reporting,
): Promise<void> {
  const { bucket, key } = upload;
  try {
    const outcome = await work;
    switch (outcome.outcome) {
      case 'published': {
        const { id, faces } = outcome.event;
        logger.info('published', { key, id, persons: faces.map(({ person }) => person) });
        metrics.addMetric('Published', MetricUnit.Count, 1);
        metrics.addMetric('Faces', MetricUnit.Count, faces.length);
        metrics.addMetric('Age', MetricUnit.Milliseconds, Math.max(0, now() - upload.time.getTime()));
        break;
      }
      case 'rejected': {
        const { reason, message } = outcome;
        logger.warn('rejected', { key, reason, refusal: message });
        metrics.singleMetric().addDimension('reason', reason).addMetric('Rejected', MetricUnit.Count, 1);
        metrics.addMetric('Refused', MetricUnit.Count, 1);
        break;
      }
      case 'gone':
        logger.warn('gone', { key });
        metrics.addMetric('Gone', MetricUnit.Count, 1);
        break;
      case 'alive':
        // Every camera sends one every ten minutes; they would flood the log.
        logger.debug(outcome.outcome, { key });
        break;
      default:
        logger.info(outcome.outcome, { key });
    }
  } catch (error) {
    metrics.addMetric('Failed', MetricUnit.Count, 1);
    logger.error('failed', { bucket, key, error: error instanceof Error ? error : String(error) });
    throw error;
  }
}
