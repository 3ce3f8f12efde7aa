/**
 * What a file name tells is written down once, where the device needs it: in the device's own sources, which import
 * nothing of ours. Here they are read; the bundle takes them in.
 */
export { captureTime, parseEventName } from '../../../tasks/lib/event';
