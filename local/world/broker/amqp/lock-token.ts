/**
 * Lock tokens travel in two forms: as delivery tag in .NET Guid byte order (the first three groups reversed), and on
 * `$management` as an AMQP uuid in plain order. The engine knows only the text form.
 */
export function toDeliveryTag(lockToken: string): Buffer {
  const bytes = toUuidBytes(lockToken);
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}

export function fromUuidBytes(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export function toUuidBytes(lockToken: string): Buffer {
  return Buffer.from(lockToken.replaceAll('-', ''), 'hex');
}
