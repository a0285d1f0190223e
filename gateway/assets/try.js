// Renews the panel of a pre-flight while it waits for its answer; the text in the editor stays as it is being written.

const panel = () => document.getElementById("try");
const WAIT_MS = 20_000;
const RETRY_MS = 3_000;

const renew = async () => {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) throw new Error(String(answer.status));
  const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("try");
  if (!next) return location.reload();
  panel().replaceWith(next);
};

const follow = async () => {
  while (panel().dataset.final !== "true") {
    try {
      const answer = await fetch(`/v1/preflights/${panel().dataset.preflight}?wait_ms=${WAIT_MS}`);
      if (answer.status === 401 || answer.status === 404) return location.reload();
      if ((await answer.json()).status === "answered") await renew();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
};

if (panel()?.dataset.final === "false") follow();
