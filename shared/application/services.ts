/** What use cases are given to work with. Built in `functions/wiring.ts` from settings, in tests from fakes. */
import type { Platform } from '../model/platform.js';
import type { ResourceTable } from '../resources/index.js';
import type { ResourceServices } from '../resources/services.js';
import type { Publisher } from './publisher.js';
import type { Store } from './store.js';

export interface Services extends ResourceServices {
  platform: Platform;
  table: ResourceTable;
  store: Store;
  publisher: Publisher;
  /** One line for the operators; `error` lines raise an alert. */
  log(level: 'info' | 'warn' | 'error', line: string): void;
}
