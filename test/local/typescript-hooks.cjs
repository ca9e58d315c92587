/** Lets a plain Node process run the TypeScript sources, for tests that need a process of their own to kill. */
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
