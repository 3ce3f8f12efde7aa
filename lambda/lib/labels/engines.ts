import type { LabelsSetting } from '../settings';
import type { LabelEngine } from './engine';

/** The label engine that a setting names, loaded and ready; `undefined` for `off`. Only its own packages are loaded. */
export async function labelEngine(labels: LabelsSetting): Promise<LabelEngine | undefined> {
  switch (labels) {
    case 'embedded': {
      const { embeddedLabels } = await import('./embedded.js');
      return await embeddedLabels();
    }
    case 'rekognition': {
      const { RekognitionClient } = await import('@aws-sdk/client-rekognition');
      const { rekognitionLabels } = await import('./rekognition.js');
      return rekognitionLabels(new RekognitionClient());
    }
    case 'off':
      return undefined;
  }
}
