/**
 * The time zone of a Kerberos configuration, under the name that everybody else uses.
 *
 * The web interface cannot have `/` and `_` in a value, and writes `-` and `$` for them: `America-New$York`. The machinery
 * turns every `-` back, which breaks the zones that have one themselves (`America-Port-au-Prince`); they are understood
 * here all the same.
 */
export function ianaTimeZone(value: string): string | undefined {
  const underscored = value.replaceAll('$', '_');
  return [underscored.replaceAll('-', '/'), underscored.replace('-', '/'), underscored].find(isKnown);
}

function isKnown(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
