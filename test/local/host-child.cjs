/** `hai-host` from its TypeScript sources, for tests that need a process of their own: `node host-child.cjs <arguments of hai-host>`. */
const { registerHooks } = require('node:module');
const { fileURLToPath } = require('node:url');
const { transformFileSync } = require('@swc/core');

// The sources are TypeScript under their compiled names; Jest maps them in the parent, these hooks do it here.
registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith('.') || !context.parentURL?.includes('/local/')) return next(specifier, context);
    return next(specifier.replace(/\.js$/, '.ts'), context);
  },
  load(url, context, next) {
    // Apps are left to Node, which strips their types by itself.
    if (!url.endsWith('.ts') || url.includes('/test/')) return next(url, context);
    const { code } = transformFileSync(fileURLToPath(url), {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
      module: { type: 'commonjs', ignoreDynamic: true, exportInteropAnnotation: true },
    });
    return { format: 'commonjs', source: code, shortCircuit: true };
  },
});

require('../../local/bin/hai-host.ts');
