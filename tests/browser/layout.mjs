// Looks at a page as a pair of eyes would: what sticks out, what lies on what, what is cut off, what has no words.

/** Runs inside the page; answers with sentences. */
export function faults() {
  const found = [];
  const brief = (element) => {
    const words = (element.innerText || element.value || element.getAttribute('aria-label') || '').trim().replace(/\s+/g, ' ').slice(0, 30);
    return `<${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ''}> "${words}"`;
  };
  const width = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth > width) {
    const wide = [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > width + 1 && !scrolls(e));
    found.push(`the page is ${document.scrollingElement.scrollWidth} px wide in a window of ${width} px: ${wide.slice(0, 3).map(brief).join(', ')}`);
  }

  /** An ancestor that scrolls sideways may hold more than is seen. */
  function scrolls(element) {
    for (let up = element; up && up !== document.body; up = up.parentElement) {
      if (['auto', 'scroll'].includes(getComputedStyle(up).overflowX)) return true;
    }
    return false;
  }
  /** What is meant for screen readers only is one pixel large or moved away. */
  const hidden = (element) => {
    const folded = element.closest('details:not([open])');
    if (folded && !element.closest('summary')) return true;
    for (let up = element; up && up !== document.body; up = up.parentElement) {
      const style = getComputedStyle(up);
      const box = up.getBoundingClientRect();
      if (style.clip === 'rect(0px, 0px, 0px, 0px)' || style.clipPath === 'inset(50%)' || (box.width <= 1 && box.height <= 1) || box.bottom < 0) return true;
    }
    return !element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  };
  /** The part of a rectangle that its scrolling ancestors let through. */
  const seen = (element, rect) => {
    let { left, top, right, bottom } = rect;
    for (let up = element.parentElement; up && up !== document.body; up = up.parentElement) {
      const style = getComputedStyle(up);
      if (style.overflowX === 'visible' && style.overflowY === 'visible') continue;
      const box = up.getBoundingClientRect();
      [left, top, right, bottom] = [Math.max(left, box.left), Math.max(top, box.top), Math.min(right, box.right), Math.min(bottom, box.bottom)];
    }
    return right - left > 1 && bottom - top > 1 ? { left, top, right, bottom, element } : null;
  };
  const overlap = (a, b) => Math.min(Math.min(a.right, b.right) - Math.max(a.left, b.left), Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

  // Layers that are meant to lie over others (an editor's coloured copy under its transparent text) say so.
  const layered = (element) => element.closest('[data-layer], dialog, [role="listbox"], [popover]');
  const controls = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')];
  const boxes = controls.filter((e) => !hidden(e) && !layered(e)).flatMap((e) => [...e.getClientRects()].map((r) => seen(e, r)).filter(Boolean));
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || !parent || ['SCRIPT', 'STYLE', 'NOSCRIPT', 'OPTION', 'TEXTAREA'].includes(parent.tagName) || parent.closest('svg') || hidden(parent) || layered(parent)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const em = parseFloat(getComputedStyle(parent).fontSize);
    for (const rect of range.getClientRects()) {
      // A line's box is taller than its letters; only the letters may not touch.
      const middle = (rect.top + rect.bottom) / 2;
      const letters = { left: rect.left, right: rect.right, top: middle - em * 0.4, bottom: middle + em * 0.4 };
      const part = seen(parent, letters);
      if (part) texts.push(part);
      if (rect.right > width + 1 && !scrolls(parent)) found.push(`text runs out of the window: ${brief(parent)}`);
    }
  }
  const pairs = (list, other, what) => {
    for (const [i, a] of list.entries()) {
      for (const b of list === other ? list.slice(i + 1) : other) {
        if (a.element === b.element || a.element.contains(b.element) || b.element.contains(a.element)) continue;
        if (overlap(a, b) > 2) found.push(`${what} overlap: ${brief(a.element)} and ${brief(b.element)}`);
      }
    }
  };
  pairs(boxes, boxes, 'controls');
  pairs(texts, texts, 'texts');
  pairs(boxes, texts, 'a control and a text');

  for (const element of document.querySelectorAll('button, select, h1, h2, h3, label, th, td, p, li, dt, dd, a, summary')) {
    if (hidden(element) || layered(element)) continue;
    const style = getComputedStyle(element);
    const cuts = (axis) => ['hidden', 'clip'].includes(axis);
    if (cuts(style.overflowX) && element.scrollWidth > element.clientWidth + 1) found.push(`cut off at the side: ${brief(element)}`);
    if (cuts(style.overflowY) && element.scrollHeight > element.clientHeight + 2) found.push(`cut off below: ${brief(element)}`);
  }
  for (const element of document.querySelectorAll('a[href], button, summary')) {
    const words = (element.innerText || element.getAttribute('aria-label') || element.querySelector('img[alt], svg[aria-label], svg title')?.textContent || '').trim();
    if (!hidden(element) && !words) found.push(`says nothing: ${element.outerHTML.slice(0, 80)}`);
  }
  if (document.querySelectorAll('h1').length !== 1) found.push(`${document.querySelectorAll('h1').length} main headings`);
  if (!document.title.trim()) found.push('no title');
  return [...new Set(found)].slice(0, 12);
}
