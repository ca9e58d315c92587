/**
 * A binary min-heap: the engine's queues are ordered by sequence number, its deadlines by time, and both only need the
 * smallest.
 */
export class Heap<T> {
  private items: T[] = [];

  constructor(private readonly keyOf: (item: T) => number) {}

  get size(): number {
    return this.items.length;
  }

  peek(): T | undefined {
    return this.items[0];
  }

  push(item: T): void {
    this.items.push(item);
    let child = this.items.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (this.keyAt(parent) <= this.keyAt(child)) return;
      this.swap(parent, child);
      child = parent;
    }
  }

  pop(): T | undefined {
    const smallest = this.items[0];
    const last = this.items.pop();
    if (this.items.length === 0 || last === undefined) return smallest;
    this.items[0] = last;
    this.sink(0);
    return smallest;
  }

  /** Drops what `keep` refuses. Linear: for occasional cleaning. */
  retain(keep: (item: T) => boolean): void {
    this.items = this.items.filter(keep);
    for (let index = (this.items.length >> 1) - 1; index >= 0; index--) this.sink(index);
  }

  private sink(start: number): void {
    for (let parent = start; ; ) {
      let smallest = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < this.items.length && this.keyAt(child) < this.keyAt(smallest)) smallest = child;
      }
      if (smallest === parent) return;
      this.swap(parent, smallest);
      parent = smallest;
    }
  }

  private keyAt(index: number): number {
    return this.keyOf(this.items[index]!);
  }

  private swap(left: number, right: number): void {
    [this.items[left], this.items[right]] = [this.items[right]!, this.items[left]!];
  }
}
