import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type InstanceSettings, type Subscription, writeConfiguration } from '../machinery/configuration';

/** A Kerberos 2.x instance for the demo, with the configuration that the web interface would write. */
export interface DemoInstance {
  /** Configuration directory. */
  readonly config: string;
  /** Capture directory. */
  readonly capture: string;
  readonly name: string;
}

/** Makes the instance below `root`, with its capture directory. `io` is what it does when something moves. */
export async function makeInstance(
  root: string,
  { name, io }: Pick<InstanceSettings, 'name' | 'io'>,
  subscription: Subscription,
): Promise<DemoInstance> {
  const instance = { config: join(root, 'config'), capture: join(root, 'capture'), name };
  await mkdir(instance.capture, { recursive: true });
  await writeConfiguration(instance.config, {
    ...{ release: '2.8.0', name, io, camera: 'USBCamera', capture: instance.capture, hardware: join(root, 'h264') },
    ...{ recordAfter: 1, subscription },
  });
  return instance;
}
