/**
 * The certificate authority of the embedded platform: one self-signed authority and one server certificate for this machine, made once and
 * kept in a directory. Issued here, synchronously, so that whoever starts a world needs no other tool.
 */
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';

/** What an HTTPS listener needs (`key`, `cert`) and what its callers must trust (`caPem`). */
export interface TlsMaterial {
  caPem: string;
  cert: string;
  key: string;
}

/** Fixed years, because world time may be far from real time while OpenSSL always looks at the real clock. */
const VALID_FROM = new Date(Date.UTC(2020, 0, 1));
const VALID_UNTIL = new Date(Date.UTC(2049, 11, 31));

const SERVER_NAMES = [
  new GeneralName({ dNSName: 'localhost' }),
  new GeneralName({ iPAddress: '127.0.0.1' }),
  new GeneralName({ iPAddress: '::1' }),
];

const COMMON_NAME = '2.5.4.3';
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';

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
  const caPem = certificate(issuer.name, authority.publicKey, issuer, [
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: true }), true),
    extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign), true),
  ]);
  const cert = certificate('localhost', server.publicKey, issuer, [
    extension(id_ce_basicConstraints, new BasicConstraints(), true),
    extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.digitalSignature), true),
    extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth])),
    extension(id_ce_subjectAltName, new SubjectAlternativeName(SERVER_NAMES)),
  ]);
  return { caPem, cert, key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

function certificate(name: string, key: KeyObject, issuer: { name: string; key: KeyObject }, given: Extension[]) {
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  const issuerKeyId = new KeyIdentifier(keyId(createPublicKey(issuer.key)));
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    // The leading 1 keeps the serial number positive and at full length.
    serialNumber: arrayBuffer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    signature: algorithm,
    issuer: distinguishedName(issuer.name),
    validity: new Validity({ notBefore: VALID_FROM, notAfter: VALID_UNTIL }),
    subject: distinguishedName(name),
    subjectPublicKeyInfo: AsnConvert.parse(key.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo),
    extensions: new Extensions([
      ...given,
      extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(keyId(key))),
      extension(id_ce_authorityKeyIdentifier, new AuthorityKeyIdentifier({ keyIdentifier: issuerKeyId })),
    ]),
  });
  const signatureValue = arrayBuffer(sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), issuer.key));
  const signed = new Certificate({ tbsCertificate, signatureAlgorithm: algorithm, signatureValue });
  const lines =
    Buffer.from(AsnConvert.serialize(signed))
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** RFC 5280 section 4.2.1.2: a hash of the public key names it. */
function keyId(key: KeyObject): ArrayBuffer {
  const spki = key.export({ type: 'spki', format: 'der' });
  return arrayBuffer(createHash('sha1').update(spki).digest());
}

function distinguishedName(commonName: string): Name {
  const value = new AttributeValue({ utf8String: commonName });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: COMMON_NAME, value })])]);
}

function extension(extnID: string, value: object, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

/** Small Buffers share one pool of memory; the library takes whole ArrayBuffers. */
function arrayBuffer(bytes: Buffer): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
