/**
 * Gives tasks in a shell the settings of the service: systemd and the init script pass the settings file to `grunt
 * sync`, but a shell does not, and `grunt status` would look for another ledger than the service writes.
 */
import { codeOf } from '../error-code';
import { readForeignFile } from '../foreign-file';

/** The settings file of the service (`EnvironmentFile` of cloud.service). */
export const SETTINGS_FILE = '/etc/default/cloud';

/**
 * Adds the variables of the settings file to `env`, unless `env` has them. `asked` is the command line's `--defaults`:
 * another path, or `false` for none.
 *
 * @returns a line that tells which variables were added, or why the file could not be read; `undefined` if there is
 *   nothing to tell. Never contains a value.
 */
export async function takeServiceSettings(
  asked: unknown,
  env: Record<string, string | undefined>,
): Promise<string | undefined> {
  if (asked === false) return undefined;
  const path = typeof asked === 'string' ? asked : SETTINGS_FILE;
  let text: string;
  try {
    text = (await readForeignFile(path)).toString();
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' && path === SETTINGS_FILE) return undefined;
    const remedy = code === 'EACCES' ? ' Run this as root to have them used.' : '';
    return `${path} cannot be read (${code}): if the service has settings there, they are not known here.${remedy}`;
  }
  const taken: string[] = [];
  for (const [name, value] of Object.entries(parseSettingsFile(text))) {
    // Node.js reads these when it starts, so they would have no effect now.
    if (env[name] !== undefined || name.startsWith('NODE_')) continue;
    env[name] = value;
    taken.push(name);
  }
  return taken.length === 0 ? undefined : `As the service, with ${taken.join(', ')} of ${path}.`;
}

/** Parses a file as systemd does (systemd.exec(5), EnvironmentFile). Lines that systemd ignores are left out. */
export function parseSettingsFile(text: string): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const line of text.replace(/\\\r?\n/g, '').split(/\r?\n/)) {
    const [, name, value] = /^\s*([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) variables[name] = unquoted(value);
  }
  return variables;
}

function unquoted(value: string): string {
  const double = /^"(.*)"$/s.exec(value)?.[1];
  if (double !== undefined) return double.replace(/\\(["$`\\])/g, '$1');
  return /^'(.*)'$/s.exec(value)?.[1] ?? value.replace(/\\(.)/g, '$1');
}
