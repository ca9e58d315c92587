import { message as rheaMessage, types } from 'rhea';
import { readFields, readMessage, writeMessage } from '../../local/world/broker/amqp/codec.js';

describe('the bytes of a message', () => {
  const encoded = rheaMessage.encode({
    message_id: 'm1',
    ttl: 5_000,
    message_annotations: { 'x-opt-partition-key': 'p', 'x-opt-locked-until': new Date(1) },
    application_properties: {
      small: types.wrap_short(5),
      big: types.wrap_long(7),
      id: types.wrap_uuid(Buffer.alloc(16, 1)),
    },
    body: rheaMessage.data_section(Buffer.from('payload')),
  });
  const stored = () => ({
    sequence: 9,
    draft: readMessage(encoded),
    enqueuedAtMs: 1_000,
    deliveryCount: 2,
    ttlMs: 4_000,
  });

  it('keep every AMQP type of what the sender wrote', () => {
    const bare = readMessage(encoded).bare;
    const delivered = writeMessage(stored());
    expect(delivered.subarray(delivered.length - bare.length).equals(bare)).toBe(true);
    const changed = writeMessage({ ...stored(), added: { reason: 'r', big: 'replaced' } });
    const untouched = Buffer.from([0xa1, 5, ...Buffer.from('small'), 0x61, 0, 5]);
    expect(changed.includes(untouched)).toBe(true);
    expect(rheaMessage.decode(changed).application_properties).toMatchObject({
      small: 5,
      reason: 'r',
      big: 'replaced',
    });
  });

  it('get the header and annotations of the delivery, and lose those of an earlier one', () => {
    const delivered = rheaMessage.decode(writeMessage(stored(), { lockedUntilMs: 2_000 }));
    expect(delivered).toMatchObject({ ttl: 4_000, delivery_count: 2 });
    expect(delivered.message_annotations).toEqual({
      'x-opt-partition-key': 'p',
      'x-opt-sequence-number': 9,
      'x-opt-enqueue-sequence-number': 9,
      'x-opt-enqueued-time': new Date(1_000),
      'x-opt-locked-until': new Date(2_000),
    });
  });

  it('can lack properties, and get a message id then', () => {
    const draft = readMessage(rheaMessage.encode({ body: 'x' }));
    expect(draft.messageId).toMatch(/^[0-9a-f]{32}$/);
    expect(readFields(draft)).toMatchObject({ messageId: draft.messageId, applicationProperties: {} });
  });

  it('are refused when they are no message', () => {
    expect(() => readMessage(Buffer.from('hello'))).toThrow('not valid AMQP');
  });
});
