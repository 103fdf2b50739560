import { expect } from 'vitest';

/** The page loads and runs nothing, and its tags are closed in order. `pictures`: as data within it. */
export function expectStandalone(html: string, { pictures = false } = {}): void {
  const images = pictures ? '; img-src data:' : '';
  expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'${images}"`);
  const data = html.replaceAll(/<img src="data:image\/png;base64,[\w+/=]*"/g, '<picture "');
  expect(data).not.toMatch(/<script|<link|<img|<iframe|url\(|https?:\/\/(?!www\.w3\.org)/);
  const bare = data.replaceAll(/="[^"]*"/g, '=""');
  expect(bare.match(/<[^>]*\s(on\w+|style)=/g)).toBeNull();
  expect(html.match(/<style>/g)).toHaveLength(1);
  expect(html).toContain('prefers-color-scheme: dark');
  expect(html).toContain('@media print');
  const open: string[] = [];
  const tags = html.replace(/<(!doctype|meta)[^>]*>/g, '').matchAll(/<(\/?)(\w+)[^<>]*?(\/?)>/g);
  for (const [, close, name, own] of tags) {
    if (close) expect(open.pop()).toBe(name);
    else if (!own) open.push(name as string);
  }
  expect(open).toEqual([]);
}
