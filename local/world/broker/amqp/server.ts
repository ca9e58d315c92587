/**
 * The AMQP listener: accepts connections, gives each link to the object that serves it, and hands out messages to
 * receivers.
 */
import type { AddressInfo, Server, Socket } from 'node:net';
import { type Container, create_container, type EventContext } from 'rhea';
import type { ClockTimer } from '../../../clock.js';
import type { Namespace } from '../engine/namespace.js';
import type { Queue } from '../engine/queue.js';
import { BrokerError, entityNotFound, notImplemented, toAmqpError } from '../errors.js';
import { type BrokerFaults, isDown, refuseWhileDown } from '../faults.js';
import type { GroupCommit } from '../group-commit.js';
import type { BrokerLimits } from '../limits.js';
import { acknowledgeInput, installSessionHooks } from './hooks.js';
import { InboundLink, SENDER_CREDIT } from './inbound-link.js';
import { manage } from './management.js';
import { OutboundLink, type Settlement } from './outbound-link.js';
import { type Answer, answerRequest, type Request } from './request-node.js';
import type { RheaConnection, RheaDelivery, RheaReceiver, RheaSender, RheaSession } from './rhea.js';
import { type GrantedSession, SESSION_FILTER, SessionAccepts } from './session-accepts.js';

/** The service's own frame size; larger messages travel in several frames. */
const MAX_FRAME_BYTES = 64 * 1024;

/**
 * rhea throws when a session's buffer overflows: incoming is twice the credit of a sending link, outgoing limits our
 * own credit.
 */
const SESSION_BUFFER = { incoming: 4_096, outgoing: 16_384 };

const CBS = '$cbs';
const MANAGEMENT_SUFFIX = '/$management';

export interface AmqpServerContext {
  namespace: Namespace;
  commit: GroupCommit;
  faults: BrokerFaults;
  limits: BrokerLimits;
  /** World time, epoch milliseconds. */
  now(): number;
  /** Wire time. */
  wireAfter(delayMs: number, run: () => void): ClockTimer;
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
}

type Context = EventContext & {
  connection: RheaConnection;
  session?: RheaSession;
  sender?: RheaSender;
  receiver?: RheaReceiver;
  delivery?: RheaDelivery;
};

export class AmqpServer {
  private readonly container: Container;
  private readonly connections = new Set<RheaConnection>();
  private readonly outbound = new Map<RheaSender, OutboundLink>();
  private readonly inbound = new Map<RheaReceiver, InboundLink>();
  private readonly requestNodes = new Map<RheaReceiver, (request: Request) => Answer>();
  /** Links on which answers of `$cbs` and `$management` leave. */
  private readonly replyLinks = new Set<RheaSender>();
  /** The receivers of each queue, the one that is served next in front. */
  private readonly receiversOf = new Map<Queue, OutboundLink[]>();
  private readonly accepts: SessionAccepts;
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;

  constructor(private readonly context: AmqpServerContext) {
    this.container = create_container({
      id: 'hai-local-broker',
      sender_options: { autosettle: false, treat_modified_as_released: false },
      receiver_options: { autoaccept: false, autosettle: false, credit_window: 0 },
    });
    this.accepts = new SessionAccepts(context, (sender, queue, session) => this.addReceiver(sender, queue, session));
    this.handleEvents();
  }

  /** Listens on the loopback interface; resolves with the port. */
  listen(port: number): Promise<number> {
    const options = {
      host: '127.0.0.1',
      port,
      noDelay: true,
      max_frame_size: MAX_FRAME_BYTES,
      session_buffer_size: SESSION_BUFFER,
    };
    const server = this.container.listen(options as Parameters<Container['listen']>[0]) as Server;
    this.server = server;
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.once('listening', () => resolve((server.address() as AddressInfo).port));
    });
  }

  /** Gives the queue's messages to its receivers in turn, as far as messages and credit go. */
  deliver(queue: Queue): void {
    if (isDown(this.context.faults, 'receive', queue.path, this.context.now())) return;
    this.accepts.serve(queue);
    const receivers = this.receiversOf.get(queue) ?? [];
    for (let skipped = 0; skipped < receivers.length; ) {
      const receiver = receivers.shift()!;
      receivers.push(receiver);
      skipped = receiver.canDeliver && receiver.deliverNext() ? 0 : skipped + 1;
    }
  }

  /** An entity may be up again: what waits there for a receiver goes out. */
  deliverAll(): void {
    for (const queue of this.context.namespace.receivingSides) this.context.commit.requestDelivery(queue);
  }

  /** Nothing can be delivered, no live receiver holds a valid lock, and none was just given a session. */
  get isIdle(): boolean {
    const isBusy = (link: OutboundLink) => link.isHolding || link.canDeliver;
    return !this.accepts.isGranting && ![...this.outbound.values()].some(isBusy);
  }

  waitingForSession(queue: Queue | undefined): number {
    return this.accepts.countOf(queue);
  }

  /** Drops all connections, as a crash would: what was acknowledged is stored, the clients reconnect. */
  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => (this.server ? this.server.close(() => resolve()) : resolve()));
    // rhea's own heartbeat timers end only this way: it does not listen for the socket's close.
    for (const connection of this.connections) connection._disconnected();
    for (const socket of this.sockets) socket.destroy();
    return closed;
  }

  private handleEvents(): void {
    const on = (event: string, handle: (context: Context) => void) => this.container.on(event, handle);
    on('connection_open', ({ connection }) => {
      this.connections.add(connection);
      acknowledgeInput(connection);
    });
    on('session_open', ({ session }) => this.prepareSession(session!));
    on('sender_open', ({ sender }) => this.attach(sender!, () => this.openOutbound(sender!)));
    on('receiver_open', ({ receiver }) => this.attach(receiver!, () => this.openInbound(receiver!)));
    on('message', (context) => this.receive(context));
    for (const settlement of ['accepted', 'released', 'modified', 'rejected'] satisfies Settlement[]) {
      on(settlement, ({ sender, delivery }) => this.outbound.get(sender!)?.settle(delivery!, settlement));
    }
    on('sendable', ({ sender }) => {
      const link = this.outbound.get(sender!);
      if (link) this.context.commit.requestDelivery(link.queue);
    });
    on('sender_draining', ({ sender }) => this.outbound.get(sender!)?.drain());
    on('sender_close', ({ sender }) => this.forget(sender!));
    on('receiver_close', ({ receiver }) => this.forget(receiver!));
    on('session_close', ({ session }) => this.forgetWhere((link) => link.session === session));
    on('connection_close', ({ connection }) => this.dropConnection(connection));
    on('disconnected', ({ connection }) => this.dropConnection(connection));
    on('error', (error) => this.context.log('error', `AMQP connection failed: ${describe(error)}`));
    for (const event of ['protocol_error', 'connection_error', 'session_error', 'sender_error', 'receiver_error']) {
      on(event, (error) => this.context.log('debug', `AMQP ${event}: ${describe(error)}`));
    }
  }

  private prepareSession(session: RheaSession): void {
    installSessionHooks(session, {
      wantsRaw: (receiver) => this.inbound.has(receiver),
      afterTransfers: () => {
        for (const [sender, link] of this.outbound) if (sender.session === session) link.afterTransfers();
      },
      onMergedSettlement: (first, last) => {
        const link = [...this.outbound].find(([sender]) => sender.session === session)?.[1];
        this.context.log('warn', mergedSettlementWarning(link?.queue.path ?? 'an entity', first, last));
      },
    });
  }

  /** A refused link is attached and detached with the reason, which is how AMQP says no. */
  private attach(link: RheaSender | RheaReceiver, open: () => void): void {
    try {
      open();
    } catch (error) {
      const reason = toAmqpError(error);
      this.context.log('warn', `A link was refused: ${reason.description}`);
      link.close(reason);
    }
  }

  private openOutbound(sender: RheaSender): void {
    const { source, target } = sender;
    const address = addressOf(source);
    sender.set_source({ address });
    sender.set_target({ address: target?.address ?? '' });
    sender.local.attach.snd_settle_mode = sender.snd_settle_mode;
    sender.local.attach.rcv_settle_mode = sender.rcv_settle_mode;
    if (address === CBS || address.endsWith(MANAGEMENT_SUFFIX)) {
      this.replyLinks.add(sender);
      return;
    }
    const queue = this.context.namespace.queueAt(address);
    refuseWhileDown(this.context.faults, 'receive', queue.path, this.context.now());
    if (source.filter && SESSION_FILTER in (source.filter as object)) {
      this.accepts.accept(sender, queue);
      this.context.commit.requestDelivery(queue);
    } else if (queue.sessions) {
      throw new BrokerError(
        'amqp:not-allowed',
        `It is not possible for an entity that requires sessions ('${address}') to create a non-sessionful receiver.`,
      );
    } else this.addReceiver(sender, queue);
  }

  private addReceiver(sender: RheaSender, queue: Queue, session?: GrantedSession): void {
    const link = new OutboundLink(sender, queue, this.context, session);
    this.outbound.set(sender, link);
    this.receiversOf.set(queue, [...(this.receiversOf.get(queue) ?? []), link]);
  }

  private openInbound(receiver: RheaReceiver): void {
    if (!receiver.target) throw notImplemented('transactions');
    const address = addressOf(receiver.target);
    receiver.set_target({ address });
    receiver.set_source({ address: receiver.source?.address ?? '' });
    receiver.local.attach.max_message_size = this.context.limits.messageBytes;
    // Every token is accepted, as by the official emulator.
    if (address === CBS) this.requestNodes.set(receiver, () => ({ status: 200 }));
    else if (address.endsWith(MANAGEMENT_SUFFIX))
      this.openManagement(receiver, address.slice(0, -MANAGEMENT_SUFFIX.length));
    else {
      const intake = this.context.namespace.intakeAt(address);
      this.inbound.set(receiver, new InboundLink(receiver, intake, this.context));
    }
    receiver.add_credit(SENDER_CREDIT);
  }

  private openManagement(receiver: RheaReceiver, path: string): void {
    const { namespace } = this.context;
    if (!namespace.findQueue(path) && !namespace.findIntake(path)) throw entityNotFound(path);
    this.requestNodes.set(receiver, (request) => manage(this.context, path, request));
  }

  private receive({ connection, receiver, delivery, message }: Context): void {
    const handle = this.requestNodes.get(receiver!);
    if (handle) {
      const replyLinks = [...this.replyLinks].filter((link) => link.connection === connection);
      answerRequest(message as Request, delivery!, replyLinks, this.context.commit, handle);
      receiver!.add_credit(1);
    } else this.inbound.get(receiver!)?.receive(delivery!, message as unknown as Buffer);
  }

  private forget(link: RheaSender | RheaReceiver): void {
    this.accepts.forget(link as RheaSender);
    const outbound = this.outbound.get(link as RheaSender);
    if (outbound) {
      outbound.close();
      const others = this.receiversOf.get(outbound.queue)!.filter((other) => other !== outbound);
      this.receiversOf.set(outbound.queue, others);
    }
    this.outbound.delete(link as RheaSender);
    this.replyLinks.delete(link as RheaSender);
    this.inbound.delete(link as RheaReceiver);
    this.requestNodes.delete(link as RheaReceiver);
  }

  private forgetWhere(matches: (link: RheaSender | RheaReceiver) => boolean): void {
    const senders = [...this.outbound.keys(), ...this.accepts.links, ...this.replyLinks];
    const links = [...senders, ...this.inbound.keys(), ...this.requestNodes.keys()];
    for (const link of links) if (matches(link)) this.forget(link);
  }

  private dropConnection(connection: RheaConnection): void {
    this.connections.delete(connection);
    this.forgetWhere((link) => link.connection === connection);
  }
}

function addressOf(terminus: { address?: string } | undefined): string {
  return (terminus?.address ?? '').replace(/^\//, '');
}

function mergedSettlementWarning(path: string, first: number, last: number): string {
  return (
    `A client settled deliveries ${first} to ${last} of "${path}" with one outcome other than "accepted". ` +
    'If they were meant to differ: rhea 3.0.5 in the client merges settlements of one tick; await each before the next.'
  );
}

function describe(error: unknown): string {
  if (error instanceof Error) return error.message;
  const { condition, description } = (error as { error?: { condition?: string; description?: string } }).error ?? {};
  return [condition, description].filter(Boolean).join(': ') || 'no details';
}
