/**
 * The module `@azure/functions-core` that the Functions worker injects into an app. `@azure/functions` registers functions and hooks through
 * it. The host installs it before the app loads (`app-loader.ts`); in Jest a module mapping does.
 */
import {
  type FunctionCallback,
  type FunctionMetadata,
  HOOK_NAMES,
  type HookCallback,
  type HookName,
  type ProgrammingModel,
  type RpcLogCategory,
  type RpcLogLevel,
  registry,
} from './registry.js';

/** Version of the worker protocol this shim stands for: streaming wants 4.28 or newer, log hooks 4.34. */
export const version = '3.12.0';
export const hostVersion = '4.1044.0';

export class Disposable {
  readonly #dispose: () => unknown;

  static from(...disposables: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => {
      for (const disposable of disposables) disposable.dispose();
    });
  }

  constructor(dispose: () => unknown) {
    this.#dispose = dispose;
  }

  dispose(): unknown {
    return this.#dispose();
  }
}

export function setProgrammingModel(model: ProgrammingModel): void {
  registry.model = model;
}

export function getProgrammingModel(): ProgrammingModel | undefined {
  return registry.model;
}

/** Throws for an id that is taken, and once the host has started. */
export function registerFunction(metadata: FunctionMetadata, callback: FunctionCallback): Disposable {
  const id = metadata.functionId ?? metadata.name;
  if (registry.locked)
    throw systemError(
      new Error(
        `Function "${metadata.name}" was registered after the host had started; register it while the app loads.`,
      ),
    );
  if (registry.functions.has(id))
    throw systemError(new Error(`Function "${metadata.name}" is registered twice; names must be unique in the app.`));
  registry.functions.set(id, { metadata: { ...metadata, functionId: id }, callback });
  return new Disposable(() => registry.functions.delete(id));
}

/** Throws a RangeError for a name that the worker does not know: `@azure/functions` turns it into advice about versions. */
export function registerHook(name: string, callback: HookCallback): Disposable {
  if (!HOOK_NAMES.includes(name as HookName)) throw systemError(new RangeError(`Unrecognized hook "${name}"`));
  const hooks = registry.hooks[name as HookName];
  hooks.push(callback);
  return new Disposable(() => {
    const index = hooks.indexOf(callback);
    if (index >= 0) hooks.splice(index, 1);
  });
}

export function log(level: RpcLogLevel, category: RpcLogCategory, message: string): void {
  registry.log(level, category, message);
}

function systemError<E extends Error>(error: E): E {
  return Object.assign(error, { isAzureFunctionsSystemError: true });
}
