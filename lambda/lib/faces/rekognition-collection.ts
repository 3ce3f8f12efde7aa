/**
 * An account's collection of faces at Amazon, where Rekognition stores the descriptors. Deleting faces from it needs no
 * engine, so the cloud application loads none.
 */
import { createHash } from 'node:crypto';
import { DeleteFacesCommand, type RekognitionClient, ResourceNotFoundException } from '@aws-sdk/client-rekognition';

/** Most faces that one DeleteFaces takes. */
const MOST_DELETED = 4096;

/** The id of an account's collection, which may have only letters, digits, `_`, `.` and `-`. */
export function collectionOf(account: string): string {
  return `kerberos-${createHash('sha256').update(account).digest('hex').slice(0, 32)}`;
}

/** Deletes faces from an account's collection. A print is the id of a face there. */
export async function discardFaces(
  client: RekognitionClient,
  account: string,
  prints: readonly Uint8Array[],
): Promise<void> {
  // A face that Rekognition did not index has no id.
  const ids = prints.map((print) => Buffer.from(print).toString()).filter((id) => id !== '');
  for (let i = 0; i < ids.length; i += MOST_DELETED) {
    const FaceIds = ids.slice(i, i + MOST_DELETED);
    try {
      await client.send(new DeleteFacesCommand({ CollectionId: collectionOf(account), FaceIds }));
    } catch (error) {
      if (!(error instanceof ResourceNotFoundException)) throw error;
    }
  }
}
