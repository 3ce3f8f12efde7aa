import type { FacesSetting } from '../settings';
import type { FaceEngine } from './engine';

/** The face engine that a setting names, loaded and ready; `undefined` for `off`. Only its own packages are loaded. */
export async function faceEngine(faces: FacesSetting): Promise<FaceEngine | undefined> {
  switch (faces) {
    case 'embedded': {
      const { embeddedEngine } = await import('./embedded.js');
      return await embeddedEngine();
    }
    case 'rekognition': {
      const { RekognitionClient } = await import('@aws-sdk/client-rekognition');
      const { rekognitionEngine } = await import('./rekognition.js');
      return rekognitionEngine(new RekognitionClient());
    }
    case 'off':
      return undefined;
  }
}
