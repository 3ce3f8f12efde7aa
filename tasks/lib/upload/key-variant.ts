/**
 * The key of another content under a name that the bucket has already.
 *
 * Names can come again: a camera's clock jumps back after a power cut, or a camera overwrites `snapshot.jpg` every few
 * seconds. The second must not replace the first, which may be the burglar's face. So what is not a continuation of
 * what the bucket has goes beside it: `folder/name.again-1a2b3c4d.jpg`, where the digits are the CRC-32 of the content.
 * They make the key the same when the same content is sent again after a crash, and keep the extension where every reader
 * looks for it. What the name tells goes along as metadata, from the file's own name.
 */

const VARIANT = /^(.*)\.(again-[0-9a-f]{8})(\.[^.]*)$/s;

/** The variant of a content's key by its CRC-32 (a signed or unsigned 32-bit integer). */
export function variantOf(crc: number): string {
  return `again-${(crc >>> 0).toString(16).padStart(8, '0')}`;
}

/** The file name with the variant before its extension; the name alone where `variant` is ''. */
export function withVariant(name: string, variant: string): string {
  if (variant === '') return name;
  const dot = name.lastIndexOf('.');
  return dot < 0 ? `${name}.${variant}` : `${name.slice(0, dot)}.${variant}${name.slice(dot)}`;
}

/** The other way round: the file's own name and the variant; `undefined` where the name has none. */
export function splitVariant(name: string): { name: string; variant: string } | undefined {
  const [, stem, variant, extension] = VARIANT.exec(name) ?? [];
  return stem === undefined || variant === undefined ? undefined : { name: `${stem}${extension}`, variant };
}
