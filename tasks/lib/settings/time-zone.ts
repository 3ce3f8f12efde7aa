/**
 * The IANA time zone of a Kerberos configuration; `undefined` if it is unknown.
 *
 * The web interface cannot have `/` and `_` in a value, and writes `-` and `$` instead: `America-New$York`. The
 * machinery turns every `-` back, which breaks zones that contain one themselves (`America-Port-au-Prince`); they are
 * understood here.
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
