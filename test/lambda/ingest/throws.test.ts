import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import * as refused from '../../../lambda/lib/media/refused';

const LIB = join(__dirname, '..', '..', '..', 'lambda', 'lib');

/**
 * Every error that ingest throws and that is no refusal, with whose fault it is: never the uploader's, since it is tried
 * again and ends as a dead letter. A new one has to be put here, or be a Refused.
 */
const NOT_THE_UPLOADERS: Readonly<Record<string, string>> = {
  'ingest/bucket.ts: Error': 'S3 answered without a body',
  'ingest/handler.ts: AggregateError': 'the same errors, of several uploads',
  'ingest/second-upload.ts: Error': 'several Lambdas changed one event at once',
  'ingest/notification.ts: Error': 'the cloud is set up to tell of something else than S3',
  'ingest/people.ts: Error': 'many Lambdas wrote to one log at once',
  'media/inspector.ts: Error': 'the process that decodes pictures cannot be started, or has a bug',
  'media/inspector.ts: Ended': 'caught in the same file: the picture gets a second process, then it is Unreadable',
};

describe('lambda: whose fault an error of ingest is', () => {
  it('the uploader’s is always a refusal', () => {
    const refusals = new Set(Object.keys(refused));
    const others = new Set<string>();
    for (const folder of ['ingest', 'media']) {
      for (const file of readdirSync(join(LIB, folder)).filter((name) => /(?<!\.d)\.ts$/.test(name))) {
        const source = readFileSync(join(LIB, folder, file), 'utf8');
        for (const [, name = ''] of source.matchAll(/new ([A-Z]\w*)\(/g)) {
          const isError = /Error$|^Ended$/.test(name) && !/^TypeError$/.test(name);
          if (isError && !refusals.has(name)) others.add(`${folder}/${file}: ${name}`);
        }
      }
    }
    const known = Object.keys(NOT_THE_UPLOADERS);
    expect([...others].filter((one) => !known.includes(one))).to.deep.equal([]);
  });
});
