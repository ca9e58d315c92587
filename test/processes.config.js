/** `npm run test:processes`: tests that start, and kill, processes of their own. They take long, so `npm test` leaves them out. */
const config = require('../jest.config.js');

module.exports = {
  ...config,
  rootDir: '..',
  testMatch: ['**/*.process.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
};
