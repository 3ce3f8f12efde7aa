/** A binary heap: `push` and `pop` in O(log n). `before(a, b)` says whether `a` leaves the heap before `b`. */
export class Heap<T> {
  readonly #before: (a: T, b: T) => boolean;
  readonly #nodes: T[] = [];

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#nodes.length;
  }

  /** The one that `pop` would return, left where it is. */
  peek(): T | undefined {
    return this.#nodes[0];
  }

  push(node: T): void {
    const nodes = this.#nodes;
    let at = nodes.length;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = nodes[parentAt];
      if (parent === undefined || !this.#before(node, parent)) break;
      nodes[at] = parent;
      at = parentAt;
    }
    nodes[at] = node;
  }

  /** Drops every node that `isWanted` does not want. */
  keep(isWanted: (node: T) => boolean): void {
    for (const node of this.#nodes.splice(0)) if (isWanted(node)) this.push(node);
  }

  pop(): T | undefined {
    const nodes = this.#nodes;
    const first = nodes[0];
    const last = nodes.pop();
    if (last === undefined || nodes.length === 0) return first;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      let child = nodes[childAt];
      const right = nodes[childAt + 1];
      if (child === undefined) break;
      if (right !== undefined && this.#before(right, child)) {
        childAt++;
        child = right;
      }
      if (!this.#before(child, last)) break;
      nodes[at] = child;
      at = childAt;
    }
    nodes[at] = last;
    return first;
  }
}
