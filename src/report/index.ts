import { later } from '../runtime/later.ts';

/**
 * Looks at how a built classifier of images sees one example, [1, height, width(, channels)]. The score of a class is what goes
 * into the last activation. Throws `OptionError` for a model with several inputs or outputs or without layers that give images,
 * `ShapeError` for an example that does not fit.
 */
export const look = later(() => import('./look.ts'), 'look');

/**
 * Pictures of how a built classifier sees one image, [1, height, width(, channels)]: `filters` of its first convolution,
 * `activations-<layer>` of each layer that gives images, `saliency` and `grad-cam` for the class. Errors as `look`.
 */
export const pictures = later(() => import('./pictures.ts'), 'pictures');

/**
 * A picture (PNG) of what layers for augmentation do in training: each row an image as it is, then changed in different ways.
 * Pixels from 0 (black) to 1; u8 images by their scale.
 *
 * @example await writeFile('sheet.png', await augmentationSheet(augmentation({ rotation: 0.05 }), digits.x));
 */
export const augmentationSheet = later(() => import('./sheet.ts'), 'augmentationSheet');

/** Pictures in rows of `columns`, one pixel apart, each pixel `zoom` wide, as PNG. */
export const writeSheet = later(() => import('./sheet.ts'), 'writeSheet');

/** The losses of a `learningRateFinder` by rate, with its minimum and its suggestion, as SVG with its own style. */
export const rateChart = later(() => import('./rates.ts'), 'rateChart');

/** The same for a terminal, with the suggestion in words. */
export const rateText = later(() => import('./rates.ts'), 'rateText');
