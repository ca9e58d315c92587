/** Collects what a transaction sends. It is delivered in memory only after the commit, so that nothing acts on what may still be lost. */
import type { ActivityWork, Message, Store } from '../store.js';

export class Outbox {
  readonly messages: Message[] = [];
  readonly activities: ActivityWork[] = [];

  constructor(private readonly store: Store) {}

  send(message: Omit<Message, 'id'>): void {
    this.messages.push({ ...message, id: this.store.addMessage(message) });
  }

  schedule(work: Omit<ActivityWork, 'id'>): void {
    this.activities.push({ ...work, id: this.store.addActivity(work) });
  }
}
