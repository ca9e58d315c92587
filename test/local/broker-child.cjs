/**
 * A broker in a process of its own, so that a test can kill it. `node broker-child.cjs <dataFile> <config>` prints its
 * connection string.
 */
const { registerHooks } = require('node:module');
const { fileURLToPath } = require('node:url');
const { transformFileSync } = require('@swc/core');

// The sources are TypeScript under their compiled names; Jest maps them in the parent, these hooks do it here.
registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith('.') || !context.parentURL?.endsWith('.ts')) return next(specifier, context);
    return next(specifier.replace(/\.js$/, '.ts'), context);
  },
  load(url, context, next) {
    if (!url.endsWith('.ts')) return next(url, context);
    const { code } = transformFileSync(fileURLToPath(url), {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
      module: { type: 'commonjs' },
    });
    return { format: 'commonjs', source: code, shortCircuit: true };
  },
});

const { runningClock } = require('../../local/clock.ts');
const { startBroker } = require('../../local/world/broker/index.ts');

const [dataFile, config] = process.argv.slice(2);
void startBroker({ clock: runningClock(), config: JSON.parse(config), dataFile }).then(({ connectionString }) =>
  process.stdout.write(`${connectionString}\n`),
);
