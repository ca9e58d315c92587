/** The resource types that this Azure knows, found by their name in any case. */
import type { ResourceType } from './resource-type.js';

export class Registry {
  readonly #types = new Map<string, ResourceType>();

  constructor(types: readonly ResourceType[]) {
    for (const type of types) this.#types.set(type.type.toLowerCase(), type);
  }

  byType(type: string): ResourceType | undefined {
    return this.#types.get(type.toLowerCase());
  }

  /** Whether any type of the provider is known: tells an unknown type from an unregistered provider. */
  hasProvider(namespace: string): boolean {
    const prefix = `${namespace.toLowerCase()}/`;
    return [...this.#types.keys()].some((type) => type.startsWith(prefix));
  }
}
