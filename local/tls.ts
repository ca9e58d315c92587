/**
 * The certificate authority of the embedded platform: one self-signed authority and one server certificate for this machine, made once and
 * kept in a directory. Written out in DER by hand, since Node can sign but not issue certificates and the job is a hundred lines.
 */
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What an HTTPS listener needs (`key`, `cert`) and what its callers must trust (`caPem`). */
export interface TlsMaterial {
  caPem: string;
  cert: string;
  key: string;
}

/** Fixed years, because world time may be far from real time while OpenSSL always looks at the real clock. */
const NOT_BEFORE = '200101000000Z';
const NOT_AFTER = '491231235959Z';

const SERVER_NAMES = ['localhost'];
const SERVER_ADDRESSES = ['7f000001', '00000000000000000000000000000001'];

const OID = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
};

/**
 * Reads the material from `directory`, or makes it when a file is missing. Without a directory it is made anew and kept nowhere.
 * The authority's private key is never written: nobody can issue a second certificate that this machine would trust.
 */
export function loadTls(directory?: string): TlsMaterial {
  if (!directory) return issue();
  const files = { caPem: 'ca.pem', cert: 'server.pem', key: 'server.key' } as const;
  const names = Object.entries(files) as [keyof TlsMaterial, string][];
  if (names.every(([, file]) => existsSync(join(directory, file)))) {
    return Object.fromEntries(
      names.map(([name, file]) => [name, readFileSync(join(directory, file), 'utf8')]),
    ) as never;
  }
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const material = issue();
  // ca.pem comes last in the order of reading: a crash in between leaves a file missing, and everything is made again.
  for (const [name, file] of [...names].reverse()) {
    writeFileSync(join(directory, `${file}.new`), material[name], { mode: 0o600 });
    renameSync(join(directory, `${file}.new`), join(directory, file));
  }
  return material;
}

function issue(): TlsMaterial {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = { name: 'Embedded platform authority', key: authority.privateKey };
  const ca = certificate(issuer.name, authority.publicKey, issuer, [
    extension(OID.basicConstraints, sequence(der(0x01, Buffer.from([0xff]))), true),
    // keyCertSign and cRLSign.
    extension(OID.keyUsage, bits(Buffer.from([0x06]), 1), true),
  ]);
  const leaf = certificate('localhost', server.publicKey, issuer, [
    extension(OID.basicConstraints, sequence(), true),
    // digitalSignature.
    extension(OID.keyUsage, bits(Buffer.from([0x80]), 7), true),
    extension(OID.extendedKeyUsage, sequence(oid(OID.serverAuth))),
    extension(
      OID.subjectAltName,
      sequence(
        ...SERVER_NAMES.map((name) => der(0x82, Buffer.from(name))),
        ...SERVER_ADDRESSES.map((address) => der(0x87, Buffer.from(address, 'hex'))),
      ),
    ),
  ]);
  return { caPem: ca, cert: leaf, key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

function certificate(name: string, key: KeyObject, issuer: { name: string; key: KeyObject }, extensions: Buffer[]) {
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const issuerKeyId = keyId(createPublicKey(issuer.key));
  const unsigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    // The leading 1 keeps the serial number positive and at full length.
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    distinguishedName(issuer.name),
    sequence(der(0x17, Buffer.from(NOT_BEFORE)), der(0x17, Buffer.from(NOT_AFTER))),
    distinguishedName(name),
    key.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      sequence(
        ...extensions,
        extension(OID.subjectKeyIdentifier, der(0x04, keyId(key))),
        extension(OID.authorityKeyIdentifier, sequence(der(0x80, issuerKeyId))),
      ),
    ),
  );
  return pem(sequence(unsigned, algorithm, bits(sign('sha256', unsigned, issuer.key), 0)));
}

/** RFC 5280 section 4.2.1.2: a hash of the public key names it. */
function keyId(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
}

function distinguishedName(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid(OID.commonName), der(0x0c, Buffer.from(commonName)))));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value));
}

function sequence(...items: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(items));
}

function bits(content: Buffer, unusedBits: number): Buffer {
  return der(0x03, Buffer.concat([Buffer.from([unusedBits]), content]));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const base128 = (value: number): number[] => {
    const bytes = [value & 0x7f];
    for (let left = value >> 7; left > 0; left >>= 7) bytes.unshift((left & 0x7f) | 0x80);
    return bytes;
  };
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function der(tag: number, content: Buffer): Buffer {
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function pem(certificateDer: Buffer): string {
  const lines = certificateDer.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
