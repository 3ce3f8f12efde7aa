/** A node of a `Heap`. The heap writes the node's index into it, so that it can be removed from the middle. */
export interface HeapNode {
  /** Index in the heap that holds the node; -1 while none does. A node is in one heap at a time. */
  heapIndex: number;
}

/** A binary heap: `push`, `pop` and `remove` take O(log n). `before(a, b)` tells whether `a` is popped before `b`. */
export class Heap<T extends HeapNode> {
  readonly #before: (a: T, b: T) => boolean;
  readonly #nodes: T[] = [];

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#nodes.length;
  }

  /** The node that `pop` would return. Does not remove it. */
  peek(): T | undefined {
    return this.#nodes[0];
  }

  /** The node that would be popped last. Does not remove it. O(n). */
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

  /**
   * Removes `node`, wherever it is in the heap.
   *
   * @returns whether it was in this heap.
   */
  remove(node: T): boolean {
    const at = node.heapIndex;
    if (this.#nodes[at] !== node) return false;
    node.heapIndex = -1;
    const last = this.#nodes.pop();
    if (last === undefined || last === node) return true;
    // The last node takes the free index, and moves up or down from there.
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
