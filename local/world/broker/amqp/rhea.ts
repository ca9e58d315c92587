/**
 * The parts of rhea 3.0.5 that its typings leave out and that the broker relies on. All hooks replace methods of single
 * objects, never of rhea's modules: a client SDK in the same process shares this copy of rhea.
 */
import {
  type Connection,
  type Delivery,
  message,
  type Receiver,
  type Sender,
  type Session,
  type Typed,
  types,
} from 'rhea';

/** rhea's type functions, of which its typings know only some. */
export const amqpTypes = types as typeof types & {
  Reader: new (bytes: Buffer) => { position: number; remaining(): number; read(): Typed & { descriptor?: Typed } };
  Writer: new () => { write(value: Typed): void; toBuffer(): Buffer };
  Map32(entries: Typed[]): Typed;
  wrap(value: unknown): Typed;
};

/** A performative as rhea builds it; opaque to the broker. */
export type Frame = object;

export interface DispositionFields {
  role: boolean;
  first: number;
  last: number;
  settled: boolean;
  state: unknown;
}

interface FrameBuilders {
  disposition(fields: DispositionFields): Frame;
}

/** rhea exports its frame builders only by file. */
export const frames: FrameBuilders = require('rhea/lib/frames.js');

/** A delivery with the fields that rhea itself writes. */
export type RheaDelivery = Omit<Delivery, 'settled' | 'remote_settled' | 'link'> & {
  settled: boolean;
  remote_settled: boolean;
  link: RheaSender | RheaReceiver;
};

export type RheaSession = Session & {
  output(frame: Frame): void;
  incoming: {
    updated: RheaDelivery[];
    process(session: RheaSession): void;
    on_transfer(frame: TransferFrame, receiver: RheaReceiver): void;
  };
  outgoing: { pending_dispositions: RheaDelivery[]; available(): number; process(): void };
  on_disposition(frame: { performative: DispositionFields }): void;
};

export interface TransferFrame {
  performative: { message_format?: number };
}

interface LinkInternals {
  session: RheaSession;
  connection: RheaConnection;
  local: {
    attach: {
      snd_settle_mode: number;
      rcv_settle_mode: number;
      max_message_size: number;
      properties?: Record<string, unknown>;
    };
  };
  /** Writes what the link has to say. */
  _process(): void;
}

export type RheaSender = Sender &
  LinkInternals & {
    credit: number;
    delivery_count: number;
    issue_flow: boolean;
    _draining: boolean;
    _get_drain(): boolean;
  };

export type RheaReceiver = Receiver & LinkInternals;

export type RheaConnection = Connection & {
  socket: import('node:net').Socket;
  _register(): void;
  _write_frame(channel: number, frame?: Frame): void;
  _disconnected(error?: Error): void;
};

export interface AmqpErrorFields {
  condition: string;
  description: string;
}

/** Outcomes as described AMQP values, ready for `Delivery.update`. */
export const outcome = {
  accepted: (): unknown => build('accepted', undefined),
  rejected: (error: AmqpErrorFields): unknown => build('rejected', { error }),
};

function build(name: 'accepted' | 'rejected', fields: object | undefined): unknown {
  const builders = message as unknown as Record<string, (fields?: object) => { described(): unknown }>;
  return builders[name]!(fields).described();
}

export function isAccepted(state: unknown): boolean {
  return message.is_accepted(state as Parameters<typeof message.is_accepted>[0]);
}
