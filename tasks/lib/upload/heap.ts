/** What a heap keeps: it writes the node's place into `heapIndex`, so that a node can be removed from the middle. */
export interface HeapNode {
  /** Place in the heap that the node is in; -1 while it is in none. A node is in one heap at a time. */
  heapIndex: number;
}

/** A binary heap: `push`, `pop` and `remove` in O(log n). `before(a, b)` says whether `a` leaves the heap before `b`. */
export class Heap<T extends HeapNode> {
  readonly #before: (a: T, b: T) => boolean;
  readonly #nodes: T[] = [];

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#nodes.length;
  }

  /** The node that `pop` would return, left where it is. */
  peek(): T | undefined {
    return this.#nodes[0];
  }

  /** The node that would be returned last, left where it is; in O(n). */
  last(): T | undefined {
    let last = this.#nodes[0];
    for (const node of this.#nodes) if (last !== undefined && this.#before(last, node)) last = node;
    return last;
  }

  push(node: T): void {
    this.#rise(node, this.#nodes.length);
  }

  pop(): T | undefined {
    const first = this.#nodes[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Takes `node` out, wherever it is. Whether it was in this heap. */
  remove(node: T): boolean {
    const at = node.heapIndex;
    if (this.#nodes[at] !== node) return false;
    node.heapIndex = -1;
    const last = this.#nodes.pop();
    if (last === undefined || last === node) return true;
    // The last node takes the free place, and from there goes up or down to where it belongs.
    const parent = this.#nodes[(at - 1) >> 1];
    if (at > 0 && parent !== undefined && this.#before(last, parent)) this.#rise(last, at);
    else this.#sink(last, at);
    return true;
  }

  /** All nodes in the order in which `pop` would return them. Changes nothing. */
  inOrder(): T[] {
    return this.#nodes.slice().sort((a, b) => (this.#before(a, b) ? -1 : 1));
  }

  #rise(node: T, from: number): void {
    let at = from;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = this.#nodes[parentAt];
      if (parent === undefined || !this.#before(node, parent)) break;
      this.#place(parent, at);
      at = parentAt;
    }
    this.#place(node, at);
  }

  #sink(node: T, from: number): void {
    let at = from;
    for (;;) {
      let childAt = 2 * at + 1;
      let child = this.#nodes[childAt];
      const right = this.#nodes[childAt + 1];
      if (child === undefined) break;
      if (right !== undefined && this.#before(right, child)) {
        childAt++;
        child = right;
      }
      if (!this.#before(child, node)) break;
      this.#place(child, at);
      at = childAt;
    }
    this.#place(node, at);
  }

  #place(node: T, at: number): void {
    this.#nodes[at] = node;
    node.heapIndex = at;
  }
}
