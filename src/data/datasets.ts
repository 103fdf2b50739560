import type { DataSplits } from './dataset.ts';
import type { DownloadOptions } from './download.ts';

export * from './synthetic/index.ts';

/**
 * 60,000 training and 10,000 test images [28, 28] of handwritten digits (LeCun, Cortes and Burges), downloaded once
 * (11 MB), checked and kept. Throws `DataError` when that fails.
 */
export async function mnist(options: DownloadOptions = {}): Promise<DataSplits> {
  return (await import('./mnist.ts')).mnist(options);
}

/**
 * The same numbers of images of clothes in ten classes (Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747), 31 MB. The
 * mirror has no https: pages over https need a `baseUrl`.
 */
export async function fashionMnist(options: DownloadOptions = {}): Promise<DataSplits> {
  return (await import('./mnist.ts')).fashionMnist(options);
}
