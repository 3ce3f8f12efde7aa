import { REKOGNITION } from './engine';

/** Deletes descriptors that an engine keeps outside our table. `engine` is the name of the engine that made them. */
export type DiscardPrints = (engine: string, account: string, prints: readonly Uint8Array[]) => Promise<void>;

/**
 * Deletes descriptors of any engine without loading the engine; loads Amazon's client only if there is something to
 * delete.
 */
export function discardPrints(): DiscardPrints {
  return async (engine, account, prints) => {
    if (engine !== REKOGNITION) return;
    const { RekognitionClient } = await import('@aws-sdk/client-rekognition');
    const { discardFaces } = await import('./rekognition-collection.js');
    await discardFaces(new RekognitionClient(), account, prints);
  };
}
