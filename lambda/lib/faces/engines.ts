import type { Settings } from '../settings';
import type { FaceEngine } from './engine';

/** The face engine that the settings choose, ready to work; undefined when faces are off. */
export async function faceEngine({ faces }: Pick<Settings, 'faces'>): Promise<FaceEngine | undefined> {
  switch (faces) {
    case 'off':
      return undefined;
    default:
      throw new Error(faces);
  }
}
