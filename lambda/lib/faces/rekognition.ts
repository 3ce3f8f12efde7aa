/**
 * Amazon's face engine. Descriptors never leave Amazon: Rekognition stores them in a collection for each account, and
 * the `print` of a stored face is its id there. To match a face, the piece of the picture around the face is sent.
 * docs.aws.amazon.com/rekognition/latest/dg/collections.html
 */
import {
  CreateCollectionCommand,
  DetectFacesCommand,
  IndexFacesCommand,
  InvalidParameterException,
  type RekognitionClient,
  ResourceAlreadyExistsException,
  ResourceNotFoundException,
  SearchFacesByImageCommand,
} from '@aws-sdk/client-rekognition';
import sharp from 'sharp';
import type { Upright } from '../media/image';
import {
  type Box,
  type Face,
  type FaceEngine,
  type KnownFace,
  type Match,
  MOST_FACES,
  REKOGNITION,
  SMALLEST_FACE,
} from './engine';
import { collectionOf, discardFaces } from './rekognition-collection';

/** Longest side of a picture that is sent, in pixels; Rekognition accepts 5 MB at most. */
const LONGEST_SIDE = 1920;

/** Margin around a face in its piece of the picture, as a share of the face's sides. */
const MARGIN = 0.4;

/** Lowest similarity of a match, in percent. `possible` is the same as a distance. */
const LOWEST_SIMILARITY = 90;

/**
 * The engine, with a client of Rekognition. A distance is 1 minus the similarity (0 to 1): under .01 sure, under .1
 * possible.
 */
export function rekognitionEngine(client: RekognitionClient): FaceEngine {
  return {
    name: REKOGNITION,
    sure: 0.01,
    possible: 1 - LOWEST_SIMILARITY / 100,
    detect: (picture) => detect(client, picture),
    between: undefined,
    match: (account, face, known) => match(client, account, face, known),
    enrol: (account, face, id) => enrol(client, account, face, id),
    discard: (account, prints) => discardFaces(client, account, prints),
  };
}

/** Until a face is enrolled, its `print` is a JPEG of the face with its surroundings. */
async function detect(client: RekognitionClient, picture: Upright): Promise<Face[]> {
  const image = sharp(picture.data, { raw: { width: picture.width, height: picture.height, channels: 3 } });
  const Bytes = await image
    .clone()
    .resize({ width: LONGEST_SIDE, height: LONGEST_SIDE, fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: 90 })
    .toBuffer();
  const { FaceDetails = [] } = await client.send(new DetectFacesCommand({ Image: { Bytes } }));
  const surest = [...FaceDetails].sort((one, other) => (other.Confidence ?? 0) - (one.Confidence ?? 0));
  const faces: Face[] = [];
  for (const { BoundingBox: { Left = 0, Top = 0, Width = 0, Height = 0 } = {}, Confidence = 0 } of surest.slice(
    0,
    MOST_FACES,
  )) {
    const box = inside([Left, Top, Left + Width, Top + Height], picture);
    if (Math.min(box[2] - box[0], box[3] - box[1]) < SMALLEST_FACE) continue;
    const [x1, y1, x2, y2] = inside(
      [Left - Width * MARGIN, Top - Height * MARGIN, Left + Width * (1 + MARGIN), Top + Height * (1 + MARGIN)],
      picture,
    );
    const print = await image
      .clone()
      .extract({ left: x1, top: y1, width: x2 - x1, height: y2 - y1 })
      .jpeg({ quality: 95 })
      .toBuffer();
    faces.push({ box, score: Confidence / 100, print });
  }
  return faces;
}

async function match(
  client: RekognitionClient,
  account: string,
  face: Face,
  known: readonly KnownFace[],
): Promise<Match[]> {
  if (known.length === 0) return [];
  const persons = new Map(known.map(({ print, person }) => [Buffer.from(print).toString(), person]));
  const nearest = new Map<string, number>();
  for (const { faceId, similarity } of await search(client, account, face)) {
    const person = persons.get(faceId);
    if (person === undefined) continue;
    nearest.set(person, Math.min(1 - similarity / 100, nearest.get(person) ?? 1));
  }
  return [...nearest].map(([person, distance]) => ({ person, distance }));
}

async function search(client: RekognitionClient, account: string, face: Face) {
  try {
    const { FaceMatches = [] } = await client.send(
      new SearchFacesByImageCommand({
        CollectionId: collectionOf(account),
        Image: { Bytes: face.print },
        FaceMatchThreshold: LOWEST_SIMILARITY,
        MaxFaces: 100,
      }),
    );
    return FaceMatches.map(({ Similarity = 0, Face: { FaceId = '' } = {} }) => ({
      faceId: FaceId,
      similarity: Similarity,
    }));
  } catch (error) {
    // Rekognition answers so for a piece in which it sees no face, and for an account's first face (no collection yet).
    if (error instanceof InvalidParameterException || error instanceof ResourceNotFoundException) return [];
    throw error;
  }
}

async function enrol(client: RekognitionClient, account: string, face: Face, id: string): Promise<Uint8Array> {
  const CollectionId = collectionOf(account);
  const index = async () =>
    await client.send(
      new IndexFacesCommand({
        CollectionId,
        Image: { Bytes: face.print },
        // Rekognition stores the same picture under the same id only once.
        ExternalImageId: id.replace(/[^\w.:-]/g, '_'),
        MaxFaces: 1,
        QualityFilter: 'NONE',
      }),
    );
  const { FaceRecords = [] } = await index().catch(async (error: unknown) => {
    if (!(error instanceof ResourceNotFoundException)) throw error;
    await createCollection(client, CollectionId);
    return await index();
  });
  return Buffer.from(FaceRecords[0]?.Face?.FaceId ?? '');
}

async function createCollection(client: RekognitionClient, CollectionId: string): Promise<void> {
  try {
    await client.send(new CreateCollectionCommand({ CollectionId }));
  } catch (error) {
    if (!(error instanceof ResourceAlreadyExistsException)) throw error;
  }
}

/** Converts shares of the picture's sides to pixels inside the picture. */
function inside([x1, y1, x2, y2]: Box, { width, height }: Upright): Box {
  const within = (value: number, most: number) => Math.min(Math.max(0, Math.round(value * most)), most);
  return [within(x1, width), within(y1, height), within(x2, width), within(y2, height)];
}
