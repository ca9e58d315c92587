/** Loads the app into this process: installs the core module, then `package.json` main (a file or a glob), or what the caller loads. */
import { globSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AppFiles } from './app-files.js';
import { registry } from './registry.js';

const CORE_MODULE = '@azure/functions-core';

export interface LoadOptions {
  appRoot: string;
  files: AppFiles;
  loadApp?: () => unknown;
}

/** Fills the registry. Throws if nothing is registered, since a host without functions is always a mistake. */
export async function loadApp({ appRoot, files, loadApp: load }: LoadOptions): Promise<void> {
  if (registry.locked)
    throw new Error('A host already runs in this process. Close it first, or use a process for each.');
  if (registry.appRoot !== undefined && registry.appRoot !== appRoot)
    throw new Error(
      `This process has loaded the app in "${registry.appRoot}"; load "${appRoot}" in a process of its own.`,
    );
  installCoreModule();
  await (load ? load() : loadMain(appRoot, files));
  if (registry.functions.size === 0 || !registry.model)
    throw new Error(
      `No function was registered by the app in "${appRoot}". Is "main" in package.json its compiled code?`,
    );
  registry.appRoot = appRoot;
}

async function loadMain(appRoot: string, files: AppFiles): Promise<void> {
  if (!files.main) throw new Error(`package.json in "${appRoot}" has no "main". Point it to the app's compiled code.`);
  const paths = /[*?[{]/.test(files.main) ? globSync(files.main, { cwd: appRoot }).sort() : [files.main];
  if (paths.length === 0)
    throw new Error(`No file matches "main": "${files.main}" in "${appRoot}". Build the app first.`);
  for (const path of paths.map((relative) => resolve(appRoot, relative))) {
    const extension = extname(path);
    if (extension === '.mjs' || (files.isEsm && extension !== '.cjs')) await import(pathToFileURL(path).href);
    else require(path);
  }
}

/** Jest maps the name itself and refuses module hooks; everywhere else a resolve hook points it to our module. */
function installCoreModule(): void {
  const target = require.resolve('./core-module.js');
  if (resolvesTo(target)) return;
  const url = pathToFileURL(target).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === CORE_MODULE ? { url, format: 'commonjs', shortCircuit: true } : next(specifier, context),
  });
}

function resolvesTo(target: string): boolean {
  try {
    return require.resolve(CORE_MODULE) === target;
  } catch {
    return false;
  }
}
