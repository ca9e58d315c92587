/** The Node.js that the embedded platform needs: `node:sqlite` without a flag and `tls.setDefaultCACertificates`. */
const NEEDED = { major: 22, minor: 19 };

/** Ends the process with one sentence when this Node.js is too old. Call it before anything else is loaded. */
export function requireSupportedNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > NEEDED.major || (major === NEEDED.major && minor >= NEEDED.minor)) return;
  console.error(
    `Node.js ${process.versions.node} is too old: ${NEEDED.major}.${NEEDED.minor} or newer is needed. ` +
      'Run it through npm (npm run demo, npm start), which uses the version that the project brings along.',
  );
  process.exit(1);
}
