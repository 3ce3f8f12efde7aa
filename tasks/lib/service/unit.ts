/** Makes the unit (or init script) of this machine: that of the project, with the paths of this machine. */

/** The absolute paths of the programs on this machine, and the user of the service. */
export interface Places {
  readonly checkout: string;
  readonly node: string;
  readonly forever: string;
  readonly grunt: string;
  /** The user that the service runs as. */
  readonly user: string;
}

/** Paths without characters that are special to systemd, the shell or forever. */
const PLAIN_PATH = /^\/[\w./+@-]*$/;

/**
 * `template` (cloud.service or S87cloud) with /home/cloud, /usr/bin/node, /usr/bin/forever, /usr/bin/grunt and root
 * replaced by `places`.
 *
 * @throws Error that names a path with a character that systemd, the shell or forever would interpret (a space, a
 *   quote, '%').
 */
export function unitFor(template: string, places: Places): string {
  for (const path of [places.checkout, places.node, places.forever, places.grunt]) {
    if (!PLAIN_PATH.test(path)) {
      throw new Error(
        `${path}: a service cannot be installed from here, since a path may only have letters, digits and . _ + @ - / ` +
          'in it. Move the checkout, to /home/cloud for instance, and run npm install there again.',
      );
    }
  }
  const here: Record<string, string> = {
    '/home/cloud': places.checkout,
    '/usr/bin/node': places.node,
    '/usr/bin/forever': places.forever,
    '/usr/bin/grunt': places.grunt,
    'User=root': `User=${places.user}`,
    'chown -R root:': `chown -R ${places.user}:`,
  };
  const known = /\/home\/cloud\b|\/usr\/bin\/(?:node|forever|grunt)\b|User=root\b|chown -R root:/g;
  return template.replace(known, (found) => here[found] ?? found);
}
