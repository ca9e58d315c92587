/** `npm run test:long`: tests that start and kill processes of their own, and thousands of requests. They take long, so `npm test` leaves them out. */
const config = require('../jest.config.js');

module.exports = {
  ...config,
  rootDir: '..',
  testMatch: ['**/*.long.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
};
