/**
 * Connections that were idle are not trusted for long.
 *
 * Home routers and mobile networks forget a connection that nothing passed over, and drop what is sent on it later
 * without a word. A live picture would wait for the idle timeout of 30 s. A new connection costs one or two round
 * trips, so the pool keeps a free one for the pictures of the same burst only.
 */
import type { Agent } from 'node:http';

/** How long a free connection is kept, in ms. */
const KEEP_FREE = 2_000;

/** Has `agent` close a connection that has been free for 2 s. Returns `agent`. */
export function closeWhenIdle<A extends Agent>(agent: A): A {
  agent.on('free', (socket, options) => {
    // The agent's own listener has run before: the socket is in the pool now, or serves the next request already.
    const free = agent.freeSockets[agent.getName(options)];
    // The agent destroys a free socket at its timeout. In use, the request sets a timeout of its own.
    if (free?.includes(socket)) socket.setTimeout(KEEP_FREE);
  });
  return agent;
}
