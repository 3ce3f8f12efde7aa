/**
 * Replaces `@tensorflow/tfjs`, which face-api imports: the whole package would add back ends for browsers and the
 * training half. face-api needs the core, and calls some operations as methods of tensors, which the core leaves out;
 * those are added here.
 */
import { add, cast, div, expandDims, mean, mul, reshape, sub, Tensor, type TensorLike } from '@tensorflow/tfjs-core';

export * from '@tensorflow/tfjs-core';

const CHAINED: Readonly<Record<string, (tensor: Tensor, ...rest: never[]) => Tensor>> = {
  add: (tensor, other: Tensor | TensorLike) => add(tensor, other),
  sub: (tensor, other: Tensor | TensorLike) => sub(tensor, other),
  mul: (tensor, other: Tensor | TensorLike) => mul(tensor, other),
  div: (tensor, other: Tensor | TensorLike) => div(tensor, other),
  mean: (tensor, axis?: number | number[], keepDims?: boolean) => mean(tensor, axis, keepDims),
  expandDims: (tensor, axis?: number) => expandDims(tensor, axis),
  toFloat: (tensor) => cast(tensor, 'float32'),
  toInt: (tensor) => cast(tensor, 'int32'),
  as1D: (tensor) => reshape(tensor, [tensor.size]),
  as2D: (tensor, ...shape: number[]) => reshape(tensor, shape),
  as3D: (tensor, ...shape: number[]) => reshape(tensor, shape),
  as4D: (tensor, ...shape: number[]) => reshape(tensor, shape),
};

for (const [name, operation] of Object.entries(CHAINED)) {
  Object.defineProperty(Tensor.prototype, name, {
    configurable: true,
    value(this: Tensor, ...rest: never[]) {
      return operation(this, ...rest);
    },
  });
}
