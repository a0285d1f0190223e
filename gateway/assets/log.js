// Live rows of the access log. The stream brings exact leaf lines; the server's own words for them come from /log/words, which
// reads nothing and records nothing, so that reading does not make events that would be read again.

const bar = document.getElementById("live");
const FLUSH_MS = 300;
const BATCH_MAX = 200;
const WAITING_MAX = 2_000;
const ROWS_MAX = 500;

if (bar && window.EventSource) {
  const words = JSON.parse(bar.dataset.words);
  const state = document.getElementById("live-state");
  const button = document.getElementById("live-switch");
  const rows = document.getElementById("log-rows");
  let waiting = [];
  let paused = false;
  let timer = 0;
  let busy = false;
  let next = Number(bar.dataset.from);

  const say = (text) => {
    if (state.textContent !== text) state.textContent = text;
  };

  const flush = async () => {
    timer = 0;
    if (busy || paused || waiting.length === 0) return;
    busy = true;
    const batch = waiting.splice(0, BATCH_MAX);
    const answer = await fetch(`/log/words?${bar.dataset.filter}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(batch),
    }).catch(() => null);
    busy = false;
    if (!answer) {
      // The server is away for a while: nothing is lost, the same rows are asked for again.
      waiting.unshift(...batch);
      return plan();
    }
    if (!answer.ok) return stop();
    const table = document.createElement("template");
    table.innerHTML = `<table><tbody>${await answer.text()}</tbody></table>`;
    const fresh = [...table.content.querySelectorAll("tbody > tr")].filter((row) => !document.getElementById(row.id)).reverse();
    rows.prepend(...fresh);
    while (rows.children.length > ROWS_MAX) rows.lastElementChild.remove();
    document.getElementById("log-empty")?.remove();
    if (fresh.length > 0) say(`${fresh.length} ${words.added}`);
    plan();
  };

  const plan = () => {
    if (!timer && !paused && waiting.length > 0) timer = setTimeout(flush, FLUSH_MS);
  };

  const source = new EventSource(`/v1/log/stream?from=${next}`);
  const stop = () => {
    source.close();
    button.hidden = true;
    say(words.off);
  };

  say(words.connecting);
  source.addEventListener("open", () => {
    button.hidden = false;
    if (!paused) say(words.live);
  });
  source.addEventListener("record", (event) => {
    const { index, leaf } = JSON.parse(event.data).data;
    if (index < next) return;
    next = index + 1;
    waiting.push([index, leaf]);
    // Whoever pauses for that long reads the pages instead.
    if (waiting.length > WAITING_MAX) return stop();
    if (paused) say(`${words.paused}${waiting.length}`);
    plan();
  });
  source.addEventListener("error", () => (source.readyState === EventSource.CLOSED ? stop() : say(words.lost)));

  button.textContent = words.pause;
  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? words.resume : words.pause;
    say(paused ? `${words.paused}${waiting.length}` : words.live);
    plan();
  });
}
