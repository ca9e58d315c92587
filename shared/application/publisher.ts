/** What use cases need of the bus. */
import type { CloudEvent } from '../contracts/events.js';

export interface Publisher {
  /** The broker drops a second message of the same id within its window. */
  sendCommand(body: object, messageId: string): Promise<void>;
  publish(event: CloudEvent): Promise<void>;
  /** Throws when the bus does not answer. */
  check(): Promise<void>;
}
