/**
 * The parser of event names. It belongs to the device's sources, which import nothing of ours; the bundle includes it.
 */
export { captureTime, parseEventName } from '../../../tasks/lib/event';
