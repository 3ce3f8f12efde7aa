/** The beginning and the end of an HTTP server. */
import type { Server } from 'node:http';

/** How long requests under way may take when a server is closed, in milliseconds. */
const CLOSE_GRACE = 1000;

/**
 * Waits until a server listens, and gives its port; port 0 takes any free one.
 * @throws Error of Node's `listen`, such as EADDRINUSE
 */
export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/** Lets requests under way finish for a second, then ends their connections. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const impatience = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE);
    server.close(() => {
      clearTimeout(impatience);
      resolve();
    });
    server.closeIdleConnections();
  });
}
