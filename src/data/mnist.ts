import type { DataSplits } from './dataset.ts';
import type { DownloadOptions } from './download.ts';
import { type IdxSet, idxFiles, loadIdxSet } from './idxSet.ts';

const MNIST: IdxSet = {
  name: 'mnist',
  baseUrl: 'https://storage.googleapis.com/cvdf-datasets/mnist/',
  classNames: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  ...idxFiles([
    '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609',
    '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c',
    '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6',
    'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6',
  ]),
};

const FASHION_MNIST: IdxSet = {
  name: 'fashion-mnist',
  baseUrl: 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
  classNames: [
    'T-shirt/top',
    'Trouser',
    'Pullover',
    'Dress',
    'Coat',
    'Sandal',
    'Shirt',
    'Sneaker',
    'Bag',
    'Ankle boot',
  ],
  ...idxFiles([
    '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84',
    'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845',
    '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073',
    '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5',
  ]),
};

export function mnist(options: DownloadOptions = {}): Promise<DataSplits> {
  return loadIdxSet(MNIST, options);
}

export function fashionMnist(options: DownloadOptions = {}): Promise<DataSplits> {
  return loadIdxSet(FASHION_MNIST, options);
}

/** Names of the classes where the file of training labels is one of these sets', as it is distributed. */
export function knownClasses(sum: string): readonly string[] | undefined {
  return [MNIST, FASHION_MNIST].find(({ train }) => train.labels.sha256 === sum)?.classNames;
}
