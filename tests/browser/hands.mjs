// Two ways to use a page: with a mouse, and with the keyboard alone. A journey does not know which it has.

/** Tab stops after which a control counts as out of reach. */
const REACH = 400;

export const mouse = {
  press: (locator) => locator.click(),
  write: (locator, text) => locator.fill(text),
  tick: (locator) => locator.check(),
  untick: (locator) => locator.uncheck(),
  choose: (locator, label) => locator.selectOption({ label }),
  date: (locator, text) => locator.fill(text),
  file: (locator, path) => chosen(locator, path, () => locator.click()),
};

/** The dialog for files is the system's; what opens it is ours. */
async function chosen(locator, path, open) {
  const [chooser] = await Promise.all([locator.page().waitForEvent('filechooser'), open()]);
  await chooser.setFiles(path);
}

/** Tab until the control has the focus; it must be seen there. */
async function reach(locator) {
  await locator.waitFor();
  const page = locator.page();
  for (let stop = 0; stop < REACH; stop += 1) {
    if (await locator.evaluate((element) => element === document.activeElement || (element.type === 'radio' && element.name === document.activeElement?.name && document.activeElement?.type === 'radio'))) {
      await showsFocus(page);
      return page;
    }
    await page.keyboard.press('Tab');
  }
  throw new Error(`${locator} cannot be reached with the Tab key`);
}

/** The focused element has an outline or a shadow, and lies in the window. */
export async function showsFocus(page) {
  const wrong = await page.evaluate(focusIsHidden);
  if (wrong) throw new Error(wrong);
}

/** In the page: what is wrong with how the focus shows, or nothing. */
export async function focusIsHidden() {
  const element = document.activeElement;
  const words = `<${element.tagName.toLowerCase()}> "${(element.innerText || element.getAttribute('aria-label') || element.name || '').trim().slice(0, 40)}"`;
  const drawn = (style) => (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
  // A control that is drawn by its label may show its focus there.
  const shown = [element, element.closest('label'), element.nextElementSibling].some((e) => e && drawn(getComputedStyle(e)));
  if (!shown) return `${words} does not show that it has the focus`;
  const inside = () => {
    const box = element.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  };
  // The browser scrolls to what has the focus in one of its next frames, and a page that goes on growing moves it meanwhile.
  for (let frame = 0; frame < 60 && !inside(); frame += 1) {
    await new Promise(requestAnimationFrame);
  }
  return inside() ? '' : `${words} has the focus outside the window`;
}

const isTicked = (locator) => locator.isChecked();

export const keyboard = {
  async press(locator) {
    const page = await reach(locator);
    await page.keyboard.press('Enter');
  },
  async write(locator, text) {
    const page = await reach(locator);
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.press('Delete');
    await page.keyboard.insertText(text);
  },
  async tick(locator) {
    const page = await reach(locator);
    if ((await locator.getAttribute('type')) === 'radio') {
      // One Tab stop for the whole group; arrows go round in it.
      for (let turn = 0; turn < 20 && !(await isTicked(locator)); turn += 1) {
        await page.keyboard.press(turn === 0 ? 'Space' : 'ArrowDown');
      }
    } else if (!(await isTicked(locator))) {
      await page.keyboard.press('Space');
    }
    if (!(await isTicked(locator))) throw new Error(`${locator} is not ticked by the keyboard`);
  },
  async untick(locator) {
    const page = await reach(locator);
    if (await isTicked(locator)) await page.keyboard.press('Space');
    if (await isTicked(locator)) throw new Error(`${locator} is still ticked`);
  },
  async choose(locator, label) {
    const page = await reach(locator);
    const chosen = () => locator.evaluate((select) => select.selectedOptions[0]?.label.trim());
    await page.keyboard.press('Home');
    for (let turn = 0; turn < 40 && (await chosen()) !== label; turn += 1) await page.keyboard.press('ArrowDown');
    if ((await chosen()) !== label) throw new Error(`${locator} cannot be set to ${label} by the keyboard`);
  },
  async file(locator, path) {
    const page = await reach(locator);
    await chosen(locator, path, () => page.keyboard.press('Enter'));
  },
  /** The browser is started in American English: month, day, year. */
  async date(locator, text) {
    const page = await reach(locator);
    const [year, month, day] = text.split('-');
    await page.keyboard.type(`${month}${day}${year}`);
    if ((await locator.inputValue()) !== text) throw new Error(`${locator} holds ${await locator.inputValue()} after ${text} was typed`);
  },
};
