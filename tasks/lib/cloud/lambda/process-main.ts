/**
 * The program of a FunctionProcess (function.ts): one execution environment of Lambda, a process that loads a handler
 * and calls it with one event at a time. Started as `node process-main.js MODULE` by a parent that sends `{id, event,
 * deadline}` and receives `{id, result}` or `{id, error}`.
 */
import { createRequire } from 'node:module';

interface Invocation {
  id: string;
  event: unknown;
  /** When the parent ends this process, in ms since 1970. */
  deadline: number;
}

type Handler = (event: unknown, context: object) => unknown;

const [path = ''] = process.argv.slice(2);
const name = process.env.AWS_LAMBDA_FUNCTION_NAME ?? '';
const handler = handlerOf(createRequire(__filename)(path));

// Without its parent the process is useless.
process.once('disconnect', () => process.exit());
// Ctrl-C, and a terminal that closes, reach all processes of the terminal; the parent decides when this one ends.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('message', (message) => {
  if (isInvocation(message)) void answer(message);
});

async function answer({ id, event, deadline }: Invocation): Promise<void> {
  try {
    const context = {
      awsRequestId: id,
      functionName: name,
      functionVersion: '$LATEST',
      invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:${name}`,
      memoryLimitInMB: '1769',
      logGroupName: name,
      logStreamName: String(process.pid),
      callbackWaitsForEmptyEventLoop: false,
      getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    };
    process.send?.({ id, result: await handler(event, context) });
  } catch (error) {
    // With its stack, for the log only.
    console.error(error);
    process.send?.({ id, error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
  }
}

function handlerOf(loaded: unknown): Handler {
  if (typeof loaded === 'object' && loaded !== null && 'handler' in loaded) {
    const { handler: found } = loaded;
    if (typeof found === 'function') return (event, context) => found(event, context);
  }
  throw new Error(`${path} exports no handler.`);
}

function isInvocation(message: unknown): message is Invocation {
  return typeof message === 'object' && message !== null && 'id' in message && 'event' in message;
}
