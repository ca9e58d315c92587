/** What the broker changes in rhea's behaviour, session by session; the reason stands at each hook. */
import {
  type DispositionFields,
  frames,
  isAccepted,
  type RheaConnection,
  type RheaDelivery,
  type RheaReceiver,
  type RheaSender,
  type RheaSession,
} from './rhea.js';

/** A message format that rhea does not know, so that it hands over the bytes instead of decoding them. */
export const RAW_FORMAT = 0x7fff0000;

export interface SessionHooks {
  /** Whether messages of this link are wanted as bytes. */
  wantsRaw(receiver: RheaReceiver): boolean;
  /** Runs after rhea has written the session's pending transfers. */
  afterTransfers(session: RheaSession): void;
  /** A client settled several deliveries with one outcome that is not `accepted`. */
  onMergedSettlement(first: number, last: number): void;
}

export function installSessionHooks(session: RheaSession, hooks: SessionHooks): void {
  deliverRawMessages(session, hooks);
  writeOwnDispositions(session, hooks);
  watchMergedSettlements(session, hooks);
}

function deliverRawMessages({ incoming }: RheaSession, hooks: SessionHooks): void {
  const original = incoming.on_transfer;
  incoming.on_transfer = function (frame, receiver) {
    if (frame.performative.message_format === 0 && hooks.wantsRaw(receiver)) {
      frame.performative.message_format = RAW_FORMAT;
    }
    original.call(this, frame, receiver);
  };
}

/** rhea's own writer gives the second of two adjacent deliveries the outcome of the first. */
function writeOwnDispositions(session: RheaSession, hooks: SessionHooks): void {
  const { incoming, outgoing } = session;
  const processIncoming = incoming.process;
  incoming.process = function (owner) {
    writeDispositions(session, this.updated.splice(0), true);
    processIncoming.call(this, owner);
  };
  const processOutgoing = outgoing.process;
  outgoing.process = function () {
    writeDispositions(session, this.pending_dispositions.splice(0), false);
    processOutgoing.call(this);
    hooks.afterTransfers(session);
  };
}

/** Merges runs of accepted deliveries only, which is what keeps a batch of completions cheap. */
function writeDispositions(session: RheaSession, deliveries: RheaDelivery[], role: boolean): void {
  let run: DispositionFields | undefined;
  const flush = () => {
    if (run) session.output(frames.disposition(run));
  };
  for (const { id, settled, state } of deliveries) {
    const joins = run && id === run.last + 1 && settled === run.settled && isAccepted(state) && isAccepted(run.state);
    if (run && joins) run.last = id;
    else {
      flush();
      run = { role, first: id, last: id, settled, state };
    }
  }
  flush();
  for (const delivery of deliveries) if (delivery.settled) delivery.remote_settled = true;
}

/** The same rhea fault in the client: it cannot be repaired from here, only noticed. */
function watchMergedSettlements(session: RheaSession, hooks: SessionHooks): void {
  const original = session.on_disposition;
  session.on_disposition = function (frame) {
    const { role, first, last, state } = frame.performative;
    if (role && last > first && state && !isAccepted(state)) hooks.onMergedSettlement(first, last);
    original.call(this, frame);
  };
}

/**
 * Keeps back the answer to a client's attach, which rhea gives by itself; returns the function that lets it go. Until
 * then the client waits, which is how it waits for a session.
 */
export function holdAttach(sender: RheaSender): () => void {
  const process = sender._process;
  sender._process = () => {};
  return () => {
    sender._process = process;
    sender.connection._register();
  };
}

/**
 * Answers every input with some output, if need be an empty frame (a legal heartbeat): the TCP acknowledgement travels
 * with it. The client leaves Nagle's algorithm on, so without this its next small frame waits up to 40 ms for our
 * delayed acknowledgement.
 */
export function acknowledgeInput(connection: RheaConnection): void {
  const { socket } = connection;
  let isWaiting = false;
  let writtenBytes = 0;
  const acknowledge = () => {
    isWaiting = false;
    if (socket.bytesWritten === writtenBytes && socket.writable && connection.is_open()) connection._write_frame(0);
  };
  // In front of rhea's own listener, so that what it writes at once counts as the answer.
  socket.prependListener('data', () => {
    writtenBytes = socket.bytesWritten;
    if (isWaiting) return;
    isWaiting = true;
    setImmediate(() => setImmediate(acknowledge));
  });
}
