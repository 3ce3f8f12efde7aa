import { expect } from 'chai';
import { all, any, Change, is, isAbsent, isAtMost, isOneOf, onCondition } from '../../../lambda/lib/table/expression';
import { Table } from '../../../lambda/lib/table/table';
import { TestCloud } from '../cloud';

describe('expressions', () => {
  it('put every name and every value behind a placeholder, a name once', () => {
    const change = new Change().set({ state: 'a', size: 1 }).when(any(isAbsent('pk'), is('state', 'b')));
    expect(change.request).to.deep.equal({
      UpdateExpression: 'SET #0 = :0, #1 = :1',
      ConditionExpression: '(attribute_not_exists(#2)) OR (#0 = :2)',
      ExpressionAttributeNames: { '#0': 'state', '#1': 'size', '#2': 'pk' },
      ExpressionAttributeValues: { ':0': 'a', ':1': 1, ':2': 'b' },
    });
  });

  it('a path names an attribute of a map', () => {
    expect(onCondition(is('portrait.at', 'x'))).to.deep.equal({
      ConditionExpression: '#0.#1 = :0',
      ExpressionAttributeNames: { '#0': 'portrait', '#1': 'at' },
      ExpressionAttributeValues: { ':0': 'x' },
    });
  });

  it('conditions add up, and each keeps its own brackets', () => {
    const change = new Change().when(any(isAbsent('a'), isAbsent('b'))).when(is('c', 1));
    expect(change.request.ConditionExpression).to.equal(
      '((attribute_not_exists(#0)) OR (attribute_not_exists(#1))) AND (#2 = :0)',
    );
  });

  it('a change that is made more of stays what it was', () => {
    const first = new Change().set({ a: 1 });
    first.set({ b: 2 }).when(isAbsent('pk'));
    expect(first.request.UpdateExpression).to.equal('SET #0 = :0');
    expect(first.request).not.to.have.property('ConditionExpression');
  });

  it('what is asked for twice counts as it was asked for last', () => {
    expect(new Change().set({ a: 1 }).set({ a: undefined }).request.UpdateExpression).to.equal('REMOVE #0');
    expect(new Change().set({ a: undefined }).set({ a: 1 }).request.UpdateExpression).to.equal('SET #0 = :0');
    expect(new Change().setOnce({ a: 1 }).set({ a: 2 }).request.UpdateExpression).to.equal('SET #0 = :0');
  });

  describe('in DynamoDB', () => {
    let cloud: TestCloud;
    let table: Table;
    const key = { pk: 'p', sk: 's' };
    before(async () => {
      cloud = await TestCloud.start();
      table = new Table(cloud.documents, cloud.tableName);
    });
    after(() => cloud.stop());
    afterEach(() => table.remove(key));

    it('set, set once, add, take out and remove in one write', async () => {
      await table.update(key, new Change().set({ state: 1, gone: 1, first: 'a', ids: new Set(['x', 'y']) }));
      const change = new Change()
        .set({ state: 2, gone: undefined })
        .setOnce({ first: 'b', time: 3, nothing: undefined })
        .add({ size: 5, none: new Set() })
        .deleteFrom({ ids: new Set(['x']) });
      expect(await table.update(key, change)).to.deep.equal({
        ...key,
        ...{ state: 2, first: 'a', time: 3, size: 5, ids: new Set(['y']) },
      });
    });

    it('a condition that is not met writes nothing', async () => {
      const once = new Change().set({ state: 1 }).when(isAbsent('pk'));
      expect(await table.update(key, once)).to.include({ state: 1 });
      expect(await table.update(key, once.set({ state: 2 }))).to.equal(undefined);
      const either = all(isOneOf('state', [1, 2]), isAtMost('state', 1));
      expect(await table.replace(key, { state: 3 }, either)).to.equal(true);
      expect(await table.replace(key, { state: 4 }, either)).to.equal(false);
      expect((await table.get(key))?.state).to.equal(3);
    });

    it('the first of a query are as many as were asked for, or as there are', async () => {
      expect(await table.first({ partition: 'p', pageSize: 2 })).to.deep.equal([]);
      for (const sk of ['a', 'b', 'c']) await table.update({ pk: 'p', sk }, new Change().set({ n: sk }));
      const last = await table.first({ partition: 'p', backwards: true, pageSize: 2 });
      expect(last.map(({ n }) => n)).to.deep.equal(['c', 'b']);
      await table.removeAll(['a', 'b', 'c'].map((sk) => ({ pk: 'p', sk })));
    });
  });
});
