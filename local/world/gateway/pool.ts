/**
 * Chooses a member of a backend pool: the lowest priority that has one whose circuit is closed, and there in turn by weight.
 * learn.microsoft.com/azure/api-management/backends, section "Load-balanced pool".
 */
import type { GatewayBackend, GatewayWorld } from './contract.js';
import { PolicyFailure } from './execution.js';

type Member = NonNullable<GatewayBackend['pool']>[number];

/** Whose turn it is, by pool; smooth weighted round robin, so that a run can be repeated. */
export class PoolTurns {
  private readonly credits = new Map<string, number>();

  /** Throws the 503 of a pool without a member that can be called (status documented, reason assumed). */
  next(poolId: string, members: readonly Member[], isClosed: (id: string) => boolean): string {
    const open = members.filter(({ id }) => isClosed(id));
    const first = Math.min(...open.map(({ priority }) => priority));
    const eligible = open.filter(({ priority }) => priority === first);
    if (eligible.length === 0) {
      throw new PolicyFailure('BackendPoolUnavailable', `No backend of the pool '${poolId}' can be called.`, {
        status: 503,
        message: 'Service Unavailable',
      });
    }
    return this.take(poolId, eligible).id;
  }

  /** Every member earns its weight; the richest is taken and pays what all earned. */
  private take(poolId: string, eligible: readonly Member[]): Member {
    const keyOf = ({ id }: Member) => `${poolId}/${id}`;
    for (const member of eligible) {
      this.credits.set(keyOf(member), (this.credits.get(keyOf(member)) ?? 0) + Math.max(member.weight, 1));
    }
    const credit = (member: Member) => this.credits.get(keyOf(member)) ?? 0;
    const richest = eligible.reduce((best, member) => (credit(member) > credit(best) ? member : best));
    const earned = eligible.reduce((sum, { weight }) => sum + Math.max(weight, 1), 0);
    this.credits.set(keyOf(richest), credit(richest) - earned);
    return richest;
  }
}

/** The single backend that a call of `backendId` goes to: itself, or a member of the pool. */
export function chooseBackend(
  world: GatewayWorld,
  turns: PoolTurns,
  backendId: string,
  isClosed: (id: string, circuitBreaker: unknown) => boolean,
): string {
  const pool = world.backend(backendId)?.pool;
  if (!pool) return backendId;
  return turns.next(backendId, pool, (id) => {
    const member = world.backend(id);
    return member !== undefined && isClosed(id, member.circuitBreaker);
  });
}
