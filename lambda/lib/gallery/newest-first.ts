/** An element of a list, and its position, which sorts as text. */
export interface Placed<T> {
  position: string;
  value: T;
}

/**
 * Merges several lists, each newest first and read page by page, into one list, newest first. All first pages are
 * requested at once, further pages when they are needed. Elements at the same position come once.
 */
export async function* newestFirst<T>(lists: readonly AsyncGenerator<Placed<T>[]>[]): AsyncGenerator<Placed<T>> {
  const heads = await Promise.all(lists.map(headOf));
  let last: string | undefined;
  for (;;) {
    let newest: Head<T> | undefined;
    for (const head of heads) {
      if (head.current && (!newest?.current || head.current.position > newest.current.position)) newest = head;
    }
    if (!newest?.current) return;
    if (newest.current.position !== last) yield newest.current;
    last = newest.current.position;
    await advance(newest);
  }
}

interface Head<T> {
  list: AsyncGenerator<Placed<T>[]>;
  page: readonly Placed<T>[];
  at: number;
  current: Placed<T> | undefined;
}

async function headOf<T>(list: AsyncGenerator<Placed<T>[]>): Promise<Head<T>> {
  const head: Head<T> = { list, page: [], at: -1, current: undefined };
  await advance(head);
  return head;
}

async function advance<T>(head: Head<T>): Promise<void> {
  head.at += 1;
  while (head.at >= head.page.length) {
    const { done, value } = await head.list.next();
    if (done) {
      head.current = undefined;
      return;
    }
    head.page = value;
    head.at = 0;
  }
  head.current = head.page[head.at];
}
