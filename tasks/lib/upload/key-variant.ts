/**
 * The key of another content under a name that the bucket has already.
 *
 * A name can come again: a camera's clock jumps back after a power cut, or a camera overwrites `snapshot.jpg` every few
 * seconds. The second content must not replace the first, which may show the burglar's face. So a content that does not
 * continue the stored one gets a key of its own: `folder/name.again-1a2b3c4d.jpg`, where the digits are the CRC-32 of
 * the content. Thus a content that is sent again after a crash gets the same key, and the extension stays at the end,
 * where every reader looks for it. The metadata of the object are made from the file's own name.
 */

const VARIANT = /^(.*)\.(again-[0-9a-f]{8})(\.[^.]*)$/s;

/** The variant of a content's key. `crc` is its CRC-32, as a signed or unsigned 32-bit integer. */
export function variantOf(crc: number): string {
  return `again-${(crc >>> 0).toString(16).padStart(8, '0')}`;
}

/** The file name with the variant before its extension; the unchanged name where `variant` is ''. */
export function withVariant(name: string, variant: string): string {
  if (variant === '') return name;
  const dot = name.lastIndexOf('.');
  return dot < 0 ? `${name}.${variant}` : `${name.slice(0, dot)}.${variant}${name.slice(dot)}`;
}

/** The reverse of `withVariant`: the file's own name and the variant; `undefined` where `name` has no variant. */
export function splitVariant(name: string): { name: string; variant: string } | undefined {
  const [, stem, variant, extension] = VARIANT.exec(name) ?? [];
  return stem === undefined || variant === undefined ? undefined : { name: `${stem}${extension}`, variant };
}
