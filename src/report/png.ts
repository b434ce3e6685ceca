import { createHash } from 'node:crypto';

/**
 * Adds a PNG beside each SVG that can be saved: only the reader's browser has the fonts to draw it with. The page is whole
 * without it.
 */
export const PNG_SCRIPT = `for (const svg of document.querySelectorAll('a[download$=".svg"]')) {
  const png = svg.cloneNode();
  png.textContent = 'PNG';
  png.download = svg.download.replace(/svg$/, 'png');
  png.setAttribute('aria-label', 'PNG' + svg.getAttribute('aria-label').slice(3));
  png.addEventListener('click', (event) => {
    if (png.href.startsWith('data:image/png')) return;
    event.preventDefault();
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement('canvas');
      canvas.width = 2 * image.width;
      canvas.height = 2 * image.height;
      canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
      png.href = canvas.toDataURL('image/png');
      png.click();
    };
    image.src = svg.href;
  });
  svg.before(png, ' ');
}`;

/** What lets a page's policy run this script and no other. */
export const PNG_SOURCE = `'sha256-${createHash('sha256').update(PNG_SCRIPT).digest('base64')}'`;
