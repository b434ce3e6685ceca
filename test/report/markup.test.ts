import { expect, test } from 'vitest';
import { element, escapeText } from '../../src/report/markup.ts';

test('text cannot end an element or an attribute', () => {
  expect(escapeText(`<script>"&'</script>`)).not.toMatch(/[<>"']/);
  expect(element('text', { 'aria-label': '"><b>' }, escapeText('</text>'))).toBe(
    '<text aria-label="&#34;&#62;&#60;b&#62;">&#60;/text&#62;</text>',
  );
});

test('what is escaped reads as it was', () => {
  const read = (html: string) => html.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
  expect(read(escapeText(`a < b && c > 'd' "e" é µ 日`))).toBe(`a < b && c > 'd' "e" é µ 日`);
});

test('control characters, which HTML cannot hold, are shown as replaced', () => {
  expect(escapeText('a\u0000b\u001b[31mc\n\t')).toBe('a\ufffdb\ufffd[31mc\n\t');
});

test('attributes that are undefined are left out, numbers are short', () => {
  expect(element('rect', { x: 1 / 3, y: undefined, class: 'a' })).toBe('<rect x="0.3" class="a"></rect>');
});
