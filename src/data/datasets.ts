import { later } from '../runtime/later.ts';

const downloaded = () => import('./mnist.ts');
const synthetic = () => import('./synthetic/index.ts');

/**
 * 60,000 training and 10,000 test images [28, 28] of handwritten digits (LeCun, Cortes and Burges), downloaded once
 * (11 MB), checked and kept. Throws `DataError` when that fails.
 */
export const mnist = later(downloaded, 'mnist');

/**
 * The same numbers of images of clothes in ten classes (Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747), 31 MB. The
 * mirror has no https: pages over https need a `baseUrl`.
 */
export const fashionMnist = later(downloaded, 'fashionMnist');

/**
 * `n` grey images [n, size, size] of digits as people write them, with labels 0 to 9 in equal numbers: strokes of one of
 * several ways to write the digit, their control points moved, bent elastically, sheared, turned, scaled and shifted, drawn
 * with pens of different width and pressure, and a little noise.
 */
export const digits = later(synthetic, 'digits');

/** Two half circles of radius 1, one hooked into the other. Noise: 0.1. */
export const moons = later(synthetic, 'moons');

/** A circle of radius 1 (class 0) around a smaller one. Noise: 0.1. */
export const circles = later(synthetic, 'circles');

/** Arms that wind around the origin out to radius 1. Noise: 0.03. */
export const spirals = later(synthetic, 'spirals');

/** Round clouds whose centres lie evenly on a circle of radius 3, turned by the seed. Noise: 1. */
export const blobs = later(synthetic, 'blobs');

/**
 * A flower of radius 4: its right half is one class, its left half the other (the planar data of the course Neural Networks
 * and Deep Learning). Radius and angle have the noise, 0.2.
 */
export const flower = later(synthetic, 'flower');

/** y = w·x + b with normal x and weights drawn from the seed. Features: 5; noise: 0.5. */
export const linear = later(synthetic, 'linear');

/** y = sin x for x in [−π, π). Noise: 0.1. */
export const sine = later(synthetic, 'sine');

/**
 * y = 10 sin(π·x1·x2) + 20 (x3 − ½)² + 10 x4 + 5 x5 for x in [0, 1), further features without influence (Friedman 1991,
 * “Multivariate adaptive regression splines”). Features: 10; noise: 1.
 */
export const friedman1 = later(synthetic, 'friedman1');

/**
 * Prices of houses in thousands from size (m²), rooms, age (years), distance to the centre (km), garden (m², 0 without) and
 * condition (1 to 5). The price of a square metre falls with distance and age and rises with condition. Noise: 25.
 */
export const housePrices = later(synthetic, 'housePrices');
