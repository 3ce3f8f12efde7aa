import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { LoadFailure } from './load-failure';

/** A view that is loaded when it is first looked at. */
export function Lazy({ what, load }: { what: string; load: () => Promise<{ default: ComponentType }> }) {
  const [state, setState] = useState<{ View?: ComponentType; isFailed?: boolean }>({});
  const begin = () => {
    setState({});
    load().then(
      ({ default: View }) => setState({ View }),
      () => setState({ isFailed: true }),
    );
  };
  useEffect(begin, []);
  const { View, isFailed } = state;
  if (View) return <View />;
  if (isFailed) return <LoadFailure what={what} why="The connection may be away." onRetry={begin} />;
  return <div class="column is-narrow" aria-busy="true" />;
}
