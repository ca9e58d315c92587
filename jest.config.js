/** Jest runs the TypeScript sources through SWC; `import()` stays native because the Kubernetes client is ESM only. */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // They have a run of their own: test/long.config.js.
  testPathIgnorePatterns: ['/node_modules/', '\\.long\\.test\\.ts$'],
  maxWorkers: 2,
  // For a busy machine: the slowest test takes a tenth of it.
  testTimeout: 60_000,
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
        module: { type: 'commonjs', ignoreDynamic: true },
      },
    ],
  },
  moduleNameMapper: {
    // TypeScript sources are imported by their compiled names (nodenext).
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // The Functions worker injects this module; in Jest the embedded host's own shim takes its place.
    '^@azure/functions-core$': '<rootDir>/local/host/core-module.ts',
  },
};
