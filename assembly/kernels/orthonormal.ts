import { In, Out } from '../share';
import { LANES, loadUpTo, madd, splat, storeUpTo, sumLanes } from '../simd';

/** a·b of n numbers each. */
function dot(a: usize, b: usize, n: i32): real {
  let sum = splat(0);
  for (let i = 0; i < n; i += LANES, a += 16, b += 16)
    sum = madd(loadUpTo(a, n - i), loadUpTo(b, n - i), sum);
  return sumLanes(sum);
}

/** y ← y + c·x */
function addScaled(y: usize, x: usize, c: real, n: i32): void {
  const factor = splat(c);
  for (let i = 0; i < n; i += LANES, y += 16, x += 16)
    storeUpTo(y, madd(factor, loadUpTo(x, n - i), loadUpTo(y, n - i)), n - i);
}

/** y = the rows of x [rows, cols], rows ≤ cols and independent, made orthonormal: Gram–Schmidt, each row twice (Giraud et al. 2005). One thread does it all. */
export function orthonormalRows(y: Out, x: In, rows: i32, cols: i32, tid: i32, threads: i32): void {
  if (tid != 0) return;
  const stride = <usize>cols * sizeof<real>();
  memory.copy(y, x, <usize>rows * stride);
  for (let i = 0; i < rows; i++) {
    const row = y + <usize>i * stride;
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const other = y + <usize>j * stride;
        addScaled(row, other, -dot(row, other, cols), cols);
      }
      const size = sqrt<real>(dot(row, row, cols));
      if (size > 0) addScaled(row, row, 1 / size - 1, cols);
    }
  }
}
