import { laterCopy, type Metadata, originalId } from '../../functions/bus/postpone.js';

const NOW_MS = Date.parse('2027-01-04T08:00:00Z');

/** The copies that come one after another, until none comes. */
function copiesOf(text: string, metadata: Metadata) {
  const message = Buffer.from(text);
  const copies = [];
  for (let last = laterCopy(message, metadata, NOW_MS); last; last = laterCopy(message, last as Metadata, NOW_MS))
    copies.push(last);
  return copies;
}

describe('a request that is taken later', () => {
  const metadata: Metadata = {
    messageId: 'm-1',
    correlationId: '1.10',
    contentType: 'application/yaml',
    deliveryCount: 1,
    applicationProperties: { ticket: 'INC0001' },
  };

  it('comes as it was, under a new id each time, and knows the one that it was sent under', () => {
    const copies = copiesOf('a: 1', metadata);
    expect(copies[0]).toMatchObject({
      body: Buffer.from('a: 1'),
      correlationId: '1.10',
      contentType: 'application/yaml',
      applicationProperties: { ticket: 'INC0001' },
    });
    expect(new Set(copies.map(({ messageId }) => messageId)).size).toBe(copies.length);
    for (const copy of copies) expect(originalId(copy as Metadata)).toBe('m-1');
  });

  it('comes after seconds at first, every ten minutes at last, and not for more than a night', () => {
    const delays = copiesOf('a: 1', metadata).map(
      ({ scheduledEnqueueTimeUtc }) => (scheduledEnqueueTimeUtc!.getTime() - NOW_MS) / 1000,
    );
    expect(delays.slice(0, 6)).toEqual([5, 15, 45, 135, 405, 600]);
    const hours = delays.reduce((sum, delay) => sum + delay, 0) / 3600;
    expect(hours).toBeGreaterThan(5);
    expect(hours).toBeLessThan(8);
  });

  it('keeps within what Service Bus takes as an id, and is no other message’s copy', () => {
    const ids = [{ messageId: 'm'.repeat(128) }, { messageId: `${'m'.repeat(127)}n` }, {}].flatMap((metadata) =>
      ['a: 1', 'a: 2'].map((text) => String(laterCopy(Buffer.from(text), metadata, NOW_MS)?.messageId)),
    );
    for (const id of ids) expect(id.length).toBeLessThanOrEqual(128);
    expect(new Set(ids).size).toBe(4);
  });

  it('is not deceived by properties that are none of its own', () => {
    const odd = { messageId: 'm-1', applicationProperties: { haiCopy: 'seven', haiMessageId: 7 } };
    expect(originalId(odd)).toBe('m-1');
    expect(laterCopy(Buffer.from(''), odd, NOW_MS)?.messageId).toMatch(/^later-1-/);
  });
});
