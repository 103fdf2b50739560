import { escapeText } from './chart.ts';
import type { Seen, Vision } from './details.ts';
import { figure, section } from './page.ts';
import { percent } from './terminal.ts';

export const VISION_STYLE = `
.vision { display: grid; grid-template-columns: repeat(auto-fill, minmax(340px, 1fr)); gap: 20px 24px; }
.seen { display: flex; gap: 8px; }
.vision img { display: block; image-rendering: pixelated; }
.seen img { width: 104px; height: 104px; object-fit: contain; background: #000; }
.vision .sheet { width: 100%; max-width: 340px; height: auto; }
.vision figure { margin: 0; }
.vision s { color: var(--chart-1); text-decoration: none; }
`.trim();

function image(png: string, alt: string, kind = ''): string {
  const text = escapeText(alt);
  return `<img src="data:image/png;base64,${escapeText(png)}" alt="${text}" title="${text}"${kind && ` class="${kind}"`}/>`;
}

/** Filters and activations of a convolutional network, with saliency and Grad-CAM of some images. */
export function visionSection(vision: Vision | undefined, where: string): string {
  if (!vision) return '';
  const { filters, activations, examples } = vision;
  const sheet = (title: string, png: string) => figure(title, image(png, title, 'sheet'));
  const sheets = [
    ...(filters ? [sheet('Filters of the first convolution', filters)] : []),
    ...activations.map(([layer, png]) => sheet(`Activations of ${layer}, first image`, png)),
  ];
  const below = `<div class="vision">${examples.map(seen).join('\n')}</div>
<h3>Inside</h3>
<div class="vision">${sheets.join('\n')}</div>`;
  return section('vision', `What the network sees, ${where}`, [], {
    text: 'The first image of some classes; how much each pixel matters for the predicted class (saliency); where that class is seen (Grad-CAM, in red).',
    below,
  });
}

function seen({ truth, predicted, probability, png, saliency, gradCam }: Seen): string {
  const said = `said ${escapeText(predicted)}, ${percent(probability, 0)}`;
  const verdict = truth === predicted ? said : `<s>${said}</s>`;
  const pictures = [
    image(png, truth),
    image(saliency, `saliency for ${predicted}`),
    image(gradCam, `Grad-CAM for ${predicted}`),
  ];
  return `<figure><div class="seen">${pictures.join('')}</div>
<figcaption>is ${escapeText(truth)}, ${verdict}</figcaption></figure>`;
}
