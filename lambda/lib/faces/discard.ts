import { REKOGNITION } from './engine';

/** Has prints gone where an engine keeps them outside our table. `engine` is the name under which it made them. */
export type DiscardPrints = (engine: string, account: string, prints: readonly Uint8Array[]) => Promise<void>;

/** The same for all engines that exist; none of them is loaded, Amazon's client only once there is something to discard. */
export function discardPrints(): DiscardPrints {
  return async (engine, account, prints) => {
    if (engine !== REKOGNITION) return;
    const { RekognitionClient } = await import('@aws-sdk/client-rekognition');
    const { discardFaces } = await import('./rekognition-collection.js');
    await discardFaces(new RekognitionClient(), account, prints);
  };
}
